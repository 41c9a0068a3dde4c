// Garbled words: party 0 garbles, party 1 evaluates. A wire's two labels differ by the offset Δ
// (free XOR: Kolesnikov, Schneider, ICALP 2008), whose lowest bit is 1, so that the lowest bits of
// labels, their colours, tell them apart (point-and-permute: Beaver, Micali, Rogaway, STOC 1990).
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "duet/block.h"
#include "duet/secret.h"
#include "duet/tensor.h"

namespace duet {

inline constexpr int kGarbler = 0;
inline constexpr int kEvaluator = 1;

// A tensor of words of `width` wires. The label of wire i of element e is labels[e · width + i]: at
// the garbler the wire's zero label, at the evaluator the label of the wire's value. In the setup
// phase the evaluator has no labels yet (the vector is empty), only the shape.
struct GarbledTensor {
  Shape shape{};
  std::size_t width = 0;
  SecretVector<Block> labels{};

  std::size_t elements() const { return element_count(shape); }
};

inline const Shape& shape_of(const GarbledTensor& value) { return value.shape; }
GarbledTensor with_shape(GarbledTensor value, Shape shape);
GarbledTensor pick(const GarbledTensor& value, Shape shape, std::span<const std::size_t> indices);
GarbledTensor append(GarbledTensor value, const GarbledTensor& more);

using GarbledInputs = std::vector<std::reference_wrapper<const GarbledTensor>>;

}  // namespace duet
