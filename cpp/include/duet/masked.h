// Masked values: the sharing of ABY2.0,
// Patra, Schneider, Suresh, Yalame, "ABY2.0: Improved Mixed-Protocol Secure Two-Party Computation",
// USENIX Security 2021. Both parties know Δ = x + δ_0 + δ_1, and δ_p is party p's alone. The masks
// do not depend on the inputs, so products of masks can be prepared in the setup phase (product.h).
#pragma once

#include <span>
#include <utility>

#include "duet/ring.h"
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

// To additive shares, locally: x = (Δ - δ_0) + (-δ_1).
Tensor<Ring> unmask(const Masked& value, int party);

}  // namespace duet
