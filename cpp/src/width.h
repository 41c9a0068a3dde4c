// Widths of words that become shares or wires.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace duet {

// The width, or std::invalid_argument that names the op.
inline std::size_t checked_width(std::string_view op, std::size_t width) {
  if (width < 1 || width > 64) {
    throw std::invalid_argument(std::string(op) + ": a width of " + std::to_string(width) +
                                " is not within 1 to 64");
  }
  return width;
}

}  // namespace duet
