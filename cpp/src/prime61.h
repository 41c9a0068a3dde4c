// Arithmetic modulo a prime of 61 bits that is drawn at run time, in time that does not depend on
// the values, with Barrett's reduction; and such primes, uniform among all that there are.
#pragma once

#include <cstdint>

#include "duet/prg.h"
#include "int256.h"
#include "modulus.h"

namespace duet {

inline constexpr unsigned kPrimeBits = 61;

class Prime61 {
 public:
  // `p`: between 2^60 and 2^61. The arithmetic is right for all such; soundness takes a prime.
  explicit constexpr Prime61(std::uint64_t p)
      : p_(p),
        inverse_(static_cast<std::uint64_t>((Wide{1} << 124) / p)),
        two64_(static_cast<std::uint64_t>((Wide{1} << 64) % p)) {}

  // Uniform among the primes of 61 bits: random candidates, tested without error below 2^64.
  static Prime61 random(Prg& prg);

  constexpr std::uint64_t p() const { return p_; }

  // Of x below 2^124.
  constexpr std::uint64_t reduce(Wide x) const {
    const auto top = static_cast<std::uint64_t>(x >> 60);
    const auto quotient = static_cast<std::uint64_t>((Wide{top} * inverse_) >> 64);
    // The quotient is at most 2 too small: less than 3p is left.
    return once(once(static_cast<std::uint64_t>(x) - quotient * p_));
  }
  // Of any integer that is not negative.
  constexpr std::uint64_t reduce(const Int256& x) const {
    std::uint64_t result = 0;
    for (std::size_t i = x.limbs.size(); i-- > 0;) {
      result = add(mul(result, two64_), reduce(Wide{x.limbs[i]}));
    }
    return result;
  }

  constexpr std::uint64_t add(std::uint64_t x, std::uint64_t y) const { return once(x + y); }
  constexpr std::uint64_t sub(std::uint64_t x, std::uint64_t y) const { return once(x + p_ - y); }
  constexpr std::uint64_t mul(std::uint64_t x, std::uint64_t y) const {
    return reduce(Wide{x} * y);
  }

  // 2^64, with which values of several words are put together.
  constexpr std::uint64_t two64() const { return two64_; }

 private:
  constexpr std::uint64_t once(std::uint64_t x) const {
    const std::uint64_t less = x - p_;
    return less + (p_ & (0 - (less >> 63)));
  }

  std::uint64_t p_;
  std::uint64_t inverse_;  // floor(2^124 / p)
  std::uint64_t two64_;
};

// Whether a number is prime: the test of Miller and Rabin with the bases of which Sorenson and
// Webster (Mathematics of Computation 86, 2017) show that no composite below 2^64 passes them all.
bool is_prime(std::uint64_t number);

}  // namespace duet
