// Elements of the ring Z_2^64. Signed and fixed-point numbers are in two's complement.
#pragma once

#include <cstdint>

namespace duet {

using Ring = std::uint64_t;

}  // namespace duet
