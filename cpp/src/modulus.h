// Arithmetic modulo primes of at most 54 bits, in time that does not depend on the values.
#pragma once

#include <array>
#include <cstdint>

namespace duet {

__extension__ using Wide = unsigned __int128;

// A factor that many numbers are multiplied with, with its quotient (Shoup, in the library NTL).
struct Factor {
  std::uint64_t value = 0;
  std::uint64_t quotient = 0;  // floor(value·2^64 / q)
};

class Modulus {
 public:
  explicit constexpr Modulus(std::uint64_t q)
      : q_(q), inverse_(~std::uint64_t{0} / q), two64_(factor(power_of_two(64))) {}

  constexpr std::uint64_t q() const { return q_; }

  constexpr Factor factor(std::uint64_t value) const {
    return {value, static_cast<std::uint64_t>((Wide{value} << 64) / q_)};
  }

  // x·f in [0, 2q), for any x.
  constexpr std::uint64_t mul_lazy(std::uint64_t x, Factor f) const {
    return x * f.value - high(x, f.quotient) * q_;
  }
  constexpr std::uint64_t mul(std::uint64_t x, Factor f) const { return once(mul_lazy(x, f)); }
  constexpr std::uint64_t mul(std::uint64_t x, std::uint64_t y) const {
    return reduce(Wide{x} * y);
  }

  constexpr std::uint64_t add(std::uint64_t x, std::uint64_t y) const { return once(x + y); }
  constexpr std::uint64_t sub(std::uint64_t x, std::uint64_t y) const { return once(x + q_ - y); }
  constexpr std::uint64_t neg(std::uint64_t x) const { return once(q_ - x); }

  // Any x modulo q.
  constexpr std::uint64_t reduce(std::uint64_t x) const {
    return once(once(x - high(x, inverse_) * q_));
  }
  constexpr std::uint64_t reduce(Wide x) const {
    const auto top = static_cast<std::uint64_t>(x >> 64);
    return add(mul(top, two64_), reduce(static_cast<std::uint64_t>(x)));
  }

  // x/2 modulo q.
  constexpr std::uint64_t half(std::uint64_t x) const { return (x + (q_ & (0 - (x & 1)))) >> 1; }

  // A number in two's complement, modulo q.
  constexpr std::uint64_t from_signed(std::uint64_t x) const {
    return sub(reduce(x), two64_.value & (0 - (x >> 63)));
  }

  // A number between -q and q in two's complement, modulo q.
  constexpr std::uint64_t from_centred(std::uint64_t x) const { return x + (q_ & (0 - (x >> 63))); }

  // x or x - q, whichever is closer to zero, in two's complement.
  constexpr std::uint64_t centred(std::uint64_t x) const {
    const std::uint64_t is_large = 0 - ((q_ / 2 - x) >> 63);
    return x - (q_ & is_large);
  }

  constexpr std::uint64_t power(std::uint64_t base, std::uint64_t exponent) const {
    std::uint64_t result = 1;
    for (; exponent != 0; exponent >>= 1) {
      if ((exponent & 1) != 0) result = slow_mul(result, base);
      base = slow_mul(base, base);
    }
    return result;
  }
  constexpr std::uint64_t invert(std::uint64_t x) const { return power(x, q_ - 2); }

 private:
  constexpr std::uint64_t once(std::uint64_t x) const {  // x < 2q
    const std::uint64_t less = x - q_;
    return less + (q_ & (0 - (less >> 63)));
  }
  static constexpr std::uint64_t high(std::uint64_t x, std::uint64_t y) {
    return static_cast<std::uint64_t>((Wide{x} * y) >> 64);
  }
  constexpr std::uint64_t slow_mul(std::uint64_t x, std::uint64_t y) const {
    return static_cast<std::uint64_t>(Wide{x} * y % q_);
  }
  constexpr std::uint64_t power_of_two(unsigned exponent) const {
    return static_cast<std::uint64_t>((Wide{1} << exponent) % q_);
  }

  std::uint64_t q_;
  std::uint64_t inverse_;
  Factor two64_;
};

}  // namespace duet
