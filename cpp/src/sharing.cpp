#include "duet/sharing.h"

#include <cmath>
#include <string>

#include "duet/errors.h"
#include "duet/prg.h"

namespace duet {

SecretVector<Ring> encode(std::span<const double> values, int frac) {
  SecretVector<Ring> encoded(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double scaled = std::nearbyint(std::ldexp(values[i], frac));
    if (!(std::abs(scaled) < 0x1p63)) {  // also catches what is not a number
      throw RangeError("share: element " + std::to_string(i) + " does not fit into 64 bits with " +
                       std::to_string(frac) + " fractional bits, or is not a number");
    }
    encoded[i] = static_cast<Ring>(static_cast<std::int64_t>(scaled));
  }
  return encoded;
}

SecretVector<Ring> expand(Block seed, std::size_t count) {
  SecretVector<Ring> values(count);
  Prg(seed).fill(std::span<Ring>(values));
  return values;
}

SecretVector<Ring> share(std::span<const double> values, int frac, Block seed) {
  SecretVector<Ring> result = encode(values, frac);
  const SecretVector<Ring> other = expand(seed, values.size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] -= other[i];
  return result;
}

}  // namespace duet
