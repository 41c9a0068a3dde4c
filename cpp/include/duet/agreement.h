// What both servers must have in common, at both ends of a round. At its beginning, the public
// values that they compute with: different ones (another root update, another precision) would give
// garbage unnoticed. At its end, what each has sent and received since they were connected, and the
// results: whatever was altered on the way, or computed differently, is an error before a result is
// handed out. Digests find every alteration but one that rewrites the digests, too; who has to fear
// somebody able to do that between the servers needs an authenticated connection below this one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "duet/cost.h"
#include "duet/digest.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

// Both parties send each other a message of at most `limit` bytes at the same time, in the phase
// kAgreement; returns the other's.
std::vector<std::uint8_t> exchange(Session& session, std::span<const std::uint8_t> mine,
                                   std::size_t limit);

constexpr Cost exchange_cost(std::uint64_t bytes) {
  return parallel(message_cost(0, bytes), message_cost(1, bytes));
}

// That both servers compute with the same public values: they exchange a digest of them in the
// first round. Different values (another root update, another precision) would give garbage
// unnoticed.
class Agreement {
 public:
  void send(Session& session, const std::vector<Tensor<Ring>>& publics);
  // Throws MismatchError if the other server's values differ.
  void receive(Session& session);

  static constexpr Cost online_cost() { return exchange_cost(sizeof(Digest)); }

 private:
  Digest digest_{};
};

// Both servers at the end of a round, with a digest of its results; counts as part of the online
// phase. AgreementError if what one has sent is not what the other has received, or if the results
// differ; the session is then of no more use.
void confirm_round(Session& session, const Digest& results);

constexpr Cost confirm_round_cost() {
  return parallel(message_cost(0, 3 * sizeof(Digest)), message_cost(1, 3 * sizeof(Digest)));
}

}  // namespace duet
