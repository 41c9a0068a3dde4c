// What a circuit computes, in the clear: the reference for garbling.
#pragma once

#include <vector>

#include "duet/circuit.h"
#include "duet/ring.h"

namespace duet {

// Inputs and outputs of at most 64 bits each, as numbers.
inline std::vector<Ring> evaluate_plain(const Circuit& circuit, const std::vector<Ring>& inputs) {
  std::vector<bool> wires(circuit.wires);
  std::size_t wire = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (std::size_t bit = 0; bit < circuit.input_widths[i]; ++bit) {
      wires[wire++] = ((inputs[i] >> bit) & 1) != 0;
    }
  }
  for (const Gate& gate : circuit.gates) {
    switch (gate.type) {
      case Gate::Type::kXor:
        wires[gate.out] = wires[gate.a] != wires[gate.b];
        break;
      case Gate::Type::kAnd:
        wires[gate.out] = wires[gate.a] && wires[gate.b];
        break;
      case Gate::Type::kInv:
        wires[gate.out] = !wires[gate.a];
        break;
      case Gate::Type::kConstant:
        wires[gate.out] = gate.a != 0;
        break;
      case Gate::Type::kCopy:
        wires[gate.out] = wires[gate.a];
        break;
    }
  }
  std::vector<Ring> outputs;
  std::size_t next = 0;
  for (const std::size_t width : circuit.output_widths) {
    Ring word = 0;
    for (std::size_t bit = 0; bit < width; ++bit) {
      word |= Ring{wires[circuit.outputs[next++]]} << bit;
    }
    outputs.push_back(word);
  }
  return outputs;
}

}  // namespace duet
