#include "duet/sharing.h"

#include <cmath>
#include <string>

#include "duet/errors.h"

namespace duet {

namespace {

/// As in ir/mpc/fixed_point.py: to nearest, but no fraction becomes an integer and nothing else
/// than 0 becomes 0.
double scaled_up(double value, int frac) {
  const double scaled = std::nearbyint(std::ldexp(value, frac));
  const double whole = frac > 0 ? std::nearbyint(value) : 0.0;
  const double side = static_cast<double>(value > whole) - static_cast<double>(value < whole);
  return scaled + (scaled == std::ldexp(whole, frac) ? side : 0.0);
}

}  // namespace

SecretVector<Ring> encode(std::span<const double> values, int frac) {
  SecretVector<Ring> encoded(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double scaled = scaled_up(values[i], frac);
    if (!(std::abs(scaled) < 0x1p63)) {  // also catches what is not a number
      throw RangeError("share: element " + std::to_string(i) + " does not fit into 64 bits with " +
                       std::to_string(frac) + " fractional bits, or is not a number");
    }
    encoded[i] = static_cast<Ring>(static_cast<std::int64_t>(scaled));
  }
  return encoded;
}

}  // namespace duet
