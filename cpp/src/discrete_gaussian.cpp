#include "duet/discrete_gaussian.h"

#include <bit>
#include <stdexcept>

namespace duet {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t low_bits(std::uint64_t word, int count) {
  return count == 0 ? 0 : word >> (64 - count);
}

// Uniform below a positive bound: as many bits as the largest number has, until it is in range.
Wide below(Prg& prg, Wide bound) {
  const Wide largest = bound - 1;
  const auto high = static_cast<std::uint64_t>(largest >> 64);
  const int high_bits = static_cast<int>(std::bit_width(high));
  const int bits =
      high == 0 ? static_cast<int>(std::bit_width(static_cast<std::uint64_t>(largest))) : 64;
  for (;;) {
    Wide number = bits == 0 ? 0 : low_bits(prg.next(), bits);
    if (high_bits > 0) number |= static_cast<Wide>(low_bits(prg.next(), high_bits)) << 64;
    if (number <= largest) return number;
  }
}

// True with probability n/d; n <= d.
bool fraction(Prg& prg, Wide n, Wide d) { return n == d || below(prg, d) < n; }

// Algorithm 1: true with probability exp(-n/d); n <= d. A trial of probability n/(dk) is one of n/d
// and one of 1/k, so that no product overflows.
bool exp_minus(Prg& prg, Wide n, Wide d) {
  std::uint64_t k = 1;
  while (fraction(prg, n, d) && below(prg, k) == 0) ++k;
  return k % 2 == 1;
}

// The same with probability exp(-n/d)^times.
bool exp_minus(Prg& prg, Wide n, Wide d, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) {
    if (!exp_minus(prg, n, d)) return false;
  }
  return true;
}

// True with probability exp(-(u + σv - σ)²/2σ²), for u < σ. With w = v - 1 the exponent is
// u²/2σ² + w u/σ + w²/2, or (σ - u)²/2σ² for v = 0.
bool accepted(Prg& prg, std::uint64_t u, std::uint64_t v, std::uint64_t deviation) {
  const Wide twice_squared = 2 * static_cast<Wide>(deviation) * deviation;
  if (v == 0) {
    const Wide rest = deviation - u;
    return exp_minus(prg, rest * rest, twice_squared);
  }
  const std::uint64_t w = v - 1;
  return exp_minus(prg, static_cast<Wide>(u) * u, twice_squared) &&
         exp_minus(prg, u, deviation, w) && exp_minus(prg, 1, 2, w * w);
}

}  // namespace

DiscreteGaussian::DiscreteGaussian(std::uint64_t deviation) : deviation_(deviation) {
  if (deviation == 0 || deviation > kLargest) {
    throw std::invalid_argument("no discrete Gaussian with a standard deviation of " +
                                std::to_string(deviation));
  }
}

Ring DiscreteGaussian::draw(Prg& prg) const {
  for (;;) {
    // Algorithm 2: the magnitude u + σv and the sign of a discrete Laplace number of scale σ.
    const auto u = static_cast<std::uint64_t>(below(prg, deviation_));
    if (!exp_minus(prg, u, deviation_)) continue;
    std::uint64_t v = 0;
    while (exp_minus(prg, 1, 1)) ++v;
    const bool negative = below(prg, 2) == 1;
    if (negative && u == 0 && v == 0) continue;  // zero must not come twice
    // Algorithm 3.
    if (!accepted(prg, u, v, deviation_)) continue;
    const Ring magnitude = u + deviation_ * v;
    return negative ? 0 - magnitude : magnitude;
  }
}

}  // namespace duet
