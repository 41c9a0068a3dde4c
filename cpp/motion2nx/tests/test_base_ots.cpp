// Base oblivious transfers of later backends: right, and of choices and keys of their own.
#include <set>

#include "base/two_party_tensor_backend.h"
#include "base_ots.h"
#include "communication/communication_layer.h"
#include "two_servers.h"

namespace {

using namespace ezmotion;
using Messages = std::pair<MOTION::ReceiverMsgs, MOTION::SenderMsgs>;
using Both = std::array<Messages, 2>;

// What a backend's preprocessing finds.
class Imported : public MOTION::TwoPartyTensorBackend {
 public:
  explicit Imported(Connection& connection)
      : TwoPartyTensorBackend(connection.layer(), 1, true, nullptr) {}

  Messages prepared(BaseOts& base_ots, duet::Session& session) {
    base_ots.give(*base_ot_provider_, session);
    comm_layer_.sync();
    run_preprocessing();
    base_ots.keep(*base_ot_provider_, session.party());
    comm_layer_.sync();
    return base_ot_provider_->ExportBaseOTs(static_cast<std::size_t>(1 - session.party()));
  }
};

void fits(const MOTION::ReceiverMsgs& receiver, const MOTION::SenderMsgs& sender) {
  for (std::size_t i = 0; i < 128; ++i) {
    const bool choice = receiver.c_.Get(i);
    const auto& chosen = choice ? sender.messages_1_[i] : sender.messages_0_[i];
    const auto& other = choice ? sender.messages_0_[i] : sender.messages_1_[i];
    CHECK(receiver.messages_c_[i] == chosen && receiver.messages_c_[i] != other);
  }
}

}  // namespace

int main() {
  TwoServers servers;
  std::vector<Both> rounds;
  for (int round = 0; round < 3; ++round) {
    Both found;
    TwoServers::both([&](int party) {
      Imported backend(servers.connection(party));
      found[static_cast<std::size_t>(party)] =
          backend.prepared(servers.base_ots(party), servers.session(party));
    });
    fits(found[0].first, found[1].second);
    fits(found[1].first, found[0].second);
    rounds.push_back(std::move(found));
  }
  // Choices are drawn anew, and no key is used twice.
  std::set<std::string> choices;
  std::set<MOTION::base_ot_msgs_t::value_type> keys;
  for (const Both& round : rounds) {
    for (const Messages& mine : round) {
      std::string bits;
      for (std::size_t i = 0; i < 128; ++i) bits += mine.first.c_.Get(i) ? '1' : '0';
      CHECK(choices.insert(bits).second);
      for (std::size_t i = 0; i < 128; ++i) {
        CHECK(keys.insert(mine.second.messages_0_[i]).second);
        CHECK(keys.insert(mine.second.messages_1_[i]).second);
      }
    }
  }
}
