// Our Boolean circuits as the framework takes them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

namespace ENCRYPTO {
struct AlgorithmDescription;
}

namespace ezmotion {

// Inputs and outputs are words; all inputs count as the framework's first operand.
struct Circuit {
  std::vector<std::size_t> input_widths;
  std::vector<std::size_t> output_widths;
  std::size_t and_gates = 0;
  std::shared_ptr<const ENCRYPTO::AlgorithmDescription> algorithm;
};

// Reads Bristol Fashion with XOR, AND and INV only, and with the outputs as the last wires, as the
// compiler's legalisation writes it; anything else is an Error.
Circuit load_circuit(const std::filesystem::path& path);

}  // namespace ezmotion
