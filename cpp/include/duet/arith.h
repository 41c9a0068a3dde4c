// Additive shares, x = x_0 + x_1 over Z_2^64 with x_p at party p (a plain Tensor<Ring> per party),
// and masked values: the sharing of ABY2.0,
// Patra, Schneider, Suresh, Yalame, "ABY2.0: Improved Mixed-Protocol Secure Two-Party Computation",
// USENIX Security 2021. There both know Δ = x + δ_0 + δ_1, and δ_p is party p's alone. The masks do
// not depend on the inputs, so products of masks can be prepared in the setup phase (product.h).
#pragma once

#include <cstdint>
#include <utility>

#include "duet/cost.h"
#include "duet/linear.h"
#include "duet/one_time.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

struct Masked {
  Tensor<Ring> sum;   // Δ, the same at both parties
  Tensor<Ring> mask;  // this party's δ_p
};

inline const Shape& shape_of(const Masked& value) { return value.sum.shape; }

inline Masked with_shape(Masked value, Shape shape) {
  return {with_shape(std::move(value.sum), shape), with_shape(std::move(value.mask), shape)};
}

inline Masked pick(const Masked& value, Shape shape, std::span<const std::size_t> indices) {
  return {pick(value.sum, shape, indices), pick(value.mask, shape, indices)};
}

inline Masked append(Masked value, const Masked& more) {
  return {append(std::move(value.sum), more.sum), append(std::move(value.mask), more.mask)};
}

// Back to additive shares, locally: x = (Δ - δ_0) + (-δ_1).
Tensor<Ring> unmask(const Masked& value, int party);

// Additive shares to a masked value: both send x_p + δ_p. One round.
class Mask {
 public:
  void setup(Session& session, const Shape& shape);
  const Tensor<Ring>& mask() const { return mask_; }

  void send(Session& session, const Tensor<Ring>& share);
  Masked receive(Session& session);

  static constexpr Cost setup_cost() { return {}; }
  static constexpr Cost online_cost(std::uint64_t elements) {
    return parallel(message_cost(0, 8 * elements), message_cost(1, 8 * elements));
  }

 private:
  OneTime once_{"mask"};
  Tensor<Ring> mask_;
  Tensor<Ring> masked_;  // x_p + δ_p
};

// Additive shares to a public value: both send x_p. One round, no setup.
class OpenArith {
 public:
  void send(Session& session, const Tensor<Ring>& share);
  Tensor<Ring> receive(Session& session);

  static constexpr Cost setup_cost() { return {}; }
  static constexpr Cost online_cost(std::uint64_t elements) { return Mask::online_cost(elements); }

 private:
  Tensor<Ring> share_;
};

}  // namespace duet
