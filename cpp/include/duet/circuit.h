// Boolean circuits, read from Bristol Fashion text
// (https://nigelsmart.github.io/MPC-Circuits/): inputs and outputs are words of some width, wire i
// of a word is its bit i.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace duet {

struct Gate {
  enum class Type : std::uint8_t { kXor, kAnd, kInv, kConstant, kCopy };

  Type type;
  std::uint32_t a;  // a wire; of a constant, its value
  std::uint32_t b;  // a wire, of XOR and AND
  std::uint32_t out;
};

struct Circuit {
  // Error if the text is no circuit; it names the line of the text and what is wrong there.
  static Circuit parse(std::string_view text);
  static Circuit load(const std::filesystem::path& path);

  std::size_t wires = 0;  // the inputs' come first
  std::vector<std::size_t> input_widths;
  std::vector<std::size_t> output_widths;
  std::vector<std::uint32_t> outputs;  // the wires of all outputs, one after the other
  std::vector<Gate> gates;             // in an order in which they can be evaluated
  std::size_t and_gates = 0;
};

// x - y modulo 2^width, for x of at most that width (its top bit is its sign) and y of that width.
// Takes width - 1 AND gates.
Circuit subtractor(std::size_t x_width, std::size_t width);

}  // namespace duet
