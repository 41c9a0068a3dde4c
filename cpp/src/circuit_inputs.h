// What is wrong with a circuit's inputs, in words.
#pragma once

#include <cstddef>
#include <string>

#include "duet/circuit.h"
#include "duet/tensor.h"

namespace duet {

// `expected` is followed by the circuit's widths, and by the widths and shapes of the inputs.
template <class Inputs>
std::string inputs_mismatch(std::string expected, const Circuit& circuit, const Inputs& inputs) {
  expected += " the widths";
  for (const std::size_t width : circuit.input_widths) expected += ' ' + std::to_string(width);
  expected += ", got";
  for (const auto& input : inputs) {
    expected += ' ' + std::to_string(input.get().width) + shape_text(input.get().shape);
  }
  return expected;
}

}  // namespace duet
