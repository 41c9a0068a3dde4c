// Circuits for tests of their evaluation.
#pragma once

#include "duet/circuit.h"
#include "duet/prg.h"

namespace duet {

// Two inputs, two outputs, every kind of gate, wires used many times.
inline Circuit random_circuit(std::size_t gates, std::uint64_t seed) {
  Circuit circuit;
  circuit.input_widths = {7, 4};
  circuit.output_widths = {9, 3};
  circuit.wires = 11;
  Prg prg({seed, 0});
  for (std::size_t i = 0; i < gates; ++i) {
    const auto wire = [&] { return static_cast<std::uint32_t>(prg.next() % circuit.wires); };
    const auto type = static_cast<Gate::Type>(prg.next() % 5);
    circuit.gates.push_back({type, type == Gate::Type::kConstant ? wire() % 2 : wire(), wire(),
                             static_cast<std::uint32_t>(circuit.wires)});
    ++circuit.wires;
    circuit.and_gates += type == Gate::Type::kAnd;
  }
  for (std::size_t i = 12; i-- > 0;) {
    circuit.outputs.push_back(static_cast<std::uint32_t>(circuit.wires - 1 - i));
  }
  return circuit;
}

}  // namespace duet
