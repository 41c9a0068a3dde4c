// Operations on tensors that the framework lacks, named as its own are. Operands are tensors of one
// backend; std::invalid_argument if they do not fit.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "ezmotion/backend.h"
#include "ezmotion/circuit.h"

namespace ezmotion {

using TensorCPs = std::vector<TensorCP>;

// A value that both servers know.
TensorCP make_constant_op(Backend& backend, const Tensor<Ring>& value);

// A function that is linear modulo 2^64 in all operands that are shared, together: additive shares
// and public values, of which the result is additive shares unless all are public; or masked values
// alone. `shape` is that of the result. A sum of both kinds adds public_share(x[i], party).
using LinearFunction = std::function<Tensor<Ring>(const Tensors& x)>;
TensorCP make_linear_op(Backend& backend, const TensorCPs& x, const Shape& shape,
                        const LinearFunction& function);

// Additive shares of a public value.
TensorCP make_sharing_op(Backend& backend, const TensorCP& x);

// [..., m, k] x [..., k, r] -> [..., m, r] with equal leading axes, as additive shares. Masked
// values are multiplied as in ABY2.0, with nothing to send online; additive shares as Beaver does,
// under masks of their own.
TensorCP make_gemm_op(Backend& backend, const TensorCP& a, const TensorCP& b);

// [..., k] -> [...], the sum of the squares along the last axis, as additive shares. Half of what a
// product takes.
TensorCP make_square_sum_op(Backend& backend, const TensorCP& x);

// Additive shares to a public value.
TensorCP make_opening_op(Backend& backend, const TensorCP& x);

// The low `width` bits of a garbled value.
TensorCP make_low_bits_op(Backend& backend, const TensorCP& x, std::size_t width);

// A garbled number in two's complement, sign-extended to 64 bits.
TensorCP make_sign_extension_op(Backend& backend, const TensorCP& x);

// Evaluates a circuit on every element of garbled values of one shape; a tensor for each output.
TensorCPs make_circuit_op(Backend& backend, const Circuit& circuit, const TensorCPs& x);

// Moves whole elements of garbled values: `function`, applied to tensors of elements' numbers,
// gives a tensor that says which element comes where.
TensorCP make_move_op(Backend& backend, const TensorCPs& x, const LinearFunction& function);

}  // namespace ezmotion
