// Additive shares, x = x_0 + x_1 over Z_2^64 with x_p at party p (a plain Tensor<Ring> per party),
// to a masked value.
#pragma once

#include <cstdint>
#include <string_view>

#include "duet/cost.h"
#include "duet/kernel.h"
#include "duet/masked.h"
#include "duet/one_time.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

// Both send x_p + δ_p. One round.
class Mask {
 public:
  static constexpr std::string_view kName = "mask";
  static KernelCosts costs(Sizes& sizes);

  void setup(Session& session, const Shape& shape);
  const Tensor<Ring>& mask() const { return mask_; }

  void send(Session& session, const Tensor<Ring>& share);
  Masked receive(Session& session);

  static constexpr Cost setup_cost() { return {}; }
  static constexpr Cost online_cost(std::uint64_t elements) {
    return parallel(message_cost(0, 8 * elements), message_cost(1, 8 * elements));
  }

 private:
  OneTime once_{kName};
  Tensor<Ring> mask_;
  Tensor<Ring> masked_;  // x_p + δ_p
};

}  // namespace duet
