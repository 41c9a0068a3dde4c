// Labels of garbled words (duet/garbled_tensor.h) and the values that they stand for.
#pragma once

#include <cstddef>

#include "duet/block.h"
#include "duet/garbled_tensor.h"
#include "duet/ring.h"
#include "duet/secret.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

// Random zero labels at the garbler; nothing but the shape at the evaluator.
GarbledTensor fresh_labels(Session& session, const Shape& shape, std::size_t width);

// Calls step(label index, bit) for every bit of every element.
template <class Step>
void for_each_bit(const Tensor<Ring>& values, std::size_t width, Step step) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t bit = 0; bit < width; ++bit) {
      step(i * width + bit, (values.data[i] >> bit) & 1);
    }
  }
}

// The labels of `values`, from the zero labels.
SecretVector<Block> active_labels(const GarbledTensor& zeros, const Tensor<Ring>& values,
                                  Block delta);

// The colours of all labels, as words. The colour of a zero label hides a value from whoever does
// not know it; the exclusive or of both colours is the value.
Tensor<Ring> colours(const GarbledTensor& value);
Tensor<Ring> decode(const GarbledTensor& value, const Tensor<Ring>& zero_colours);

}  // namespace duet
