// What both servers must agree on before they compute.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "duet/cost.h"
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

  static constexpr Cost online_cost() { return exchange_cost(kDigestBytes); }

 private:
  static constexpr std::size_t kDigestBytes = 32;  // SHA-256
  std::array<std::uint8_t, kDigestBytes> digest_{};
};

}  // namespace duet
