// Additive shares to a public value.
#pragma once

#include <cstdint>
#include <string_view>

#include "duet/cost.h"
#include "duet/kernel.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

// Both send x_p. One round, no setup.
class OpenArith {
 public:
  static constexpr std::string_view kName = "open_arith";
  static KernelCosts costs(Sizes& sizes);

  void send(Session& session, const Tensor<Ring>& share);
  Tensor<Ring> receive(Session& session);

  static constexpr Cost setup_cost() { return {}; }
  static constexpr Cost online_cost(std::uint64_t elements) {
    return parallel(message_cost(0, 8 * elements), message_cost(1, 8 * elements));
  }

 private:
  Tensor<Ring> share_;
};

}  // namespace duet
