// Boolean sharing: every bit is the exclusive or of one bit at each party, x = x_0 ⊕ x_1.
// Exclusive or and inversion are local; AND takes evaluate_boolean.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "duet/garbled_tensor.h"
#include "duet/ring.h"
#include "duet/secret.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

// One party's shares of a tensor of words of `width` bits, stored bit by bit: plane i holds bit i
// of all elements, 64 to a machine word, so that a gate works on 64 elements at once. Unused bits
// of the last word are arbitrary.
struct BooleanTensor {
  BooleanTensor() = default;
  BooleanTensor(Shape dimensions, std::size_t bits);

  std::size_t elements() const { return element_count(shape); }
  std::span<std::uint64_t> plane(std::size_t i) {
    return std::span(planes).subspan(i * plane_words, plane_words);
  }
  std::span<const std::uint64_t> plane(std::size_t i) const {
    return std::span(planes).subspan(i * plane_words, plane_words);
  }
  bool bit(std::size_t i, std::size_t element) const {
    return (plane(i)[element / 64] >> (element % 64) & 1) != 0;
  }

  Shape shape{};
  std::size_t width = 0;
  std::size_t plane_words = 0;  // machine words per plane
  SecretVector<std::uint64_t> planes{};
};

inline const Shape& shape_of(const BooleanTensor& value) { return value.shape; }
BooleanTensor with_shape(BooleanTensor value, Shape shape);
BooleanTensor pick(const BooleanTensor& value, Shape shape, std::span<const std::size_t> indices);
BooleanTensor append(BooleanTensor value, const BooleanTensor& more);

using BooleanInputs = std::vector<std::reference_wrapper<const BooleanTensor>>;

// The low `width` bits of both parties' additive shares, as two words one after the other: the
// value is their sum, which a circuit can take with as much of an adder as it needs. Local, because
// each party knows one of the words and takes zero as its share of the other.
BooleanTensor summands(const Session& session, const Tensor<Ring>& share, std::size_t width);

// The low `width` bits of a value that both know: party 0 takes them as its share. Local.
BooleanTensor public_bits(const Session& session, const Tensor<Ring>& value, std::size_t width);

// Garbled words: the colours of a wire's zero label, which the garbler knows, and of the label that
// the evaluator has, are shares of the wire's bit (Demmler, Schneider, Zohner, "ABY", NDSS 2015).
// Local.
BooleanTensor colour_shares(const GarbledTensor& value);

}  // namespace duet
