// Arithmetic on tensors of ring elements, with numpy's broadcasting. On additive shares the linear
// part of it is local: each party computes on its own share.
#pragma once

#include <cstddef>
#include <vector>

#include "duet/ring.h"
#include "duet/tensor.h"

namespace duet {

Tensor<Ring> add(const Tensor<Ring>& a, const Tensor<Ring>& b);
Tensor<Ring> sub(const Tensor<Ring>& a, const Tensor<Ring>& b);
Tensor<Ring> neg(const Tensor<Ring>& a);
Tensor<Ring> mul(const Tensor<Ring>& a, const Tensor<Ring>& b);

// [..., m, k] x [..., k, n] -> [..., m, n]; the leading axes broadcast.
Tensor<Ring> matmul(const Tensor<Ring>& a, const Tensor<Ring>& b);

// Over the axes given, which disappear.
Tensor<Ring> sum(const Tensor<Ring>& a, const std::vector<std::size_t>& axes);

// Times 2^bits.
Tensor<Ring> shift_left(const Tensor<Ring>& a, unsigned bits);

// A public value as additive shares: party 0 holds it, party 1 holds zeros.
Tensor<Ring> public_share(const Tensor<Ring>& value, int party);

}  // namespace duet
