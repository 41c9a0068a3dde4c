#include "duet/confirm_round.h"

#include <span>
#include <string>

#include "duet/errors.h"

namespace duet {
namespace {

// What a server has seen of a connection and made of it.
struct Account {
  Digest sent;
  Digest received;
  Digest results;
};

std::string differences(const Account& mine, const Account& peer) {
  std::string text;
  const auto compare = [&text](const Digest& a, const Digest& b, const char* what) {
    if (a != b) text += (text.empty() ? "" : ", ") + std::string(what);
  };
  compare(mine.sent, peer.received, "what this server sent and what the other received");
  compare(mine.received, peer.sent, "what this server received and what the other sent");
  compare(mine.results, peer.results, "the results");
  return text;
}

}  // namespace

KernelCosts ConfirmRound::costs(Sizes&) { return {{}, online_cost()}; }

void ConfirmRound::run(Session& session, const Digest& results) {
  Channel& channel = session.channel();
  const Account mine{channel.sent_digest(), channel.received_digest(), results};
  Account peer{};
  session.extend(Phase::kOnline, [&] {
    channel.send(std::span<const Account>(&mine, 1));
    channel.receive(std::span<Account>(&peer, 1));
  });
  const std::string found = differences(mine, peer);
  if (!found.empty()) {
    throw AgreementError(
        "the two servers differ in " + found +
        ": something was altered between them, or one of them is faulty or was "
        "given other SERVER-placed inputs; the results of this round are withheld");
  }
}

}  // namespace duet
