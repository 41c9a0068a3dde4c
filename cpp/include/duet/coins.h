// Random numbers that both parties know and that neither chose alone: each sends 16 bytes, and the
// XOR counts. They are drawn online, when the clients' shares are there, so that nobody who makes
// an input knows them. A party that does not follow the protocol could wait for the other's
// bytes and choose its own accordingly. Parties are semi-honest here, and a malicious one could
// just as well change its shares; against such parties both would have to commit first.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "duet/cost.h"
#include "duet/kernel.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

class Coins {
 public:
  static constexpr std::string_view kName = "coins";
  static KernelCosts costs(Sizes& sizes);

  void send(Session& session);
  // Four numbers below 2^32.
  Tensor<Ring> receive(Session& session);

  static constexpr Cost setup_cost() { return {}; }
  static constexpr Cost online_cost() {
    return parallel(message_cost(0, kBytes), message_cost(1, kBytes));
  }

 private:
  static constexpr std::size_t kBytes = 16;
  std::array<std::uint32_t, kBytes / 4> own_{};
};

}  // namespace duet
