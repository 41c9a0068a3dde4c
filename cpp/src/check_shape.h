// The shapes that a kernel was set up for.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "duet/tensor.h"

namespace duet {

// std::invalid_argument that names the kernel, unless the shapes are equal.
inline void check_shape(std::string_view kernel, const Shape& expected, const Shape& found) {
  if (expected != found) {
    throw std::invalid_argument(std::string(kernel) + ": set up for the shape " +
                                shape_text(expected) + ", got " + shape_text(found));
  }
}

}  // namespace duet
