#include "duet/agreement.h"

#include <array>
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

std::vector<std::uint8_t> exchange(Session& session, std::span<const std::uint8_t> mine,
                                   std::size_t limit) {
  session.begin(Phase::kAgreement);
  session.channel().send(mine);
  std::vector<std::uint8_t> other = session.channel().receive_any(limit);
  session.end();
  return other;
}

void Agreement::send(Session& session, const std::vector<Tensor<Ring>>& publics) {
  Sha256 hash;
  for (const Tensor<Ring>& value : publics) {
    hash.update_number(value.shape.size());
    for (const std::size_t size : value.shape) hash.update_number(size);
    hash.update(std::span<const Ring>(value.data));
  }
  digest_ = hash.digest();
  session.channel().send(std::span<const std::uint8_t>(digest_));
}

void Agreement::receive(Session& session) {
  Digest other{};
  session.channel().receive(std::span<std::uint8_t>(other));
  if (other != digest_) {
    throw MismatchError(
        "the two servers hold different public values (SERVER-placed inputs or what is computed "
        "from them); both must be given the same");
  }
}

void confirm_round(Session& session, const Digest& results) {
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
