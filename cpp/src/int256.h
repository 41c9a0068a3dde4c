// Integers of 256 bits in two's complement, in time that does not depend on them, and sums of
// products that are added up before anything is reduced.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "modulus.h"

namespace duet {

struct Int256 {
  std::array<std::uint64_t, 4> limbs{};

  static constexpr std::size_t kBytes = 32;

  static constexpr Int256 of(Wide value) {
    return {{static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(value >> 64), 0, 0}};
  }
  static constexpr Int256 of_signed(std::int64_t value) {
    const std::uint64_t sign = value < 0 ? ~std::uint64_t{0} : 0;
    return {{static_cast<std::uint64_t>(value), sign, sign, sign}};
  }
  static Int256 load(const std::uint8_t* bytes) {
    Int256 value;
    std::memcpy(value.limbs.data(), bytes, kBytes);
    return value;
  }
  void store(std::uint8_t* bytes) const { std::memcpy(bytes, limbs.data(), kBytes); }

  constexpr Int256& operator+=(const Int256& other) {
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < limbs.size(); ++i) {
      const Wide sum = Wide{limbs[i]} + other.limbs[i] + carry;
      limbs[i] = static_cast<std::uint64_t>(sum);
      carry = static_cast<std::uint64_t>(sum >> 64);
    }
    return *this;
  }
  constexpr Int256& operator-=(const Int256& other) { return *this += -other; }
  constexpr Int256 operator-() const {
    Int256 result{{~limbs[0], ~limbs[1], ~limbs[2], ~limbs[3]}};
    return result += of(1);
  }
  friend constexpr Int256 operator+(Int256 a, const Int256& b) { return a += b; }
  friend constexpr Int256 operator-(Int256 a, const Int256& b) { return a -= b; }

  constexpr Int256 operator*(std::uint64_t factor) const {
    Int256 result;
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < limbs.size(); ++i) {
      const Wide product = Wide{limbs[i]} * factor + carry;
      result.limbs[i] = static_cast<std::uint64_t>(product);
      carry = static_cast<std::uint64_t>(product >> 64);
    }
    return result;
  }
  constexpr Int256 operator*(Wide factor) const {
    return *this * static_cast<std::uint64_t>(factor) +
           ((*this * static_cast<std::uint64_t>(factor >> 64)) << 64);
  }
  constexpr Int256 operator<<(unsigned bits) const {  // below 256
    Int256 result;
    const std::size_t words = bits / 64;
    const unsigned rest = bits % 64;
    for (std::size_t i = words; i < limbs.size(); ++i) {
      result.limbs[i] = limbs[i - words] << rest;
      if (rest != 0 && i > words) result.limbs[i] |= limbs[i - words - 1] >> (64 - rest);
    }
    return result;
  }

  // Looks at all bits whatever they are.
  friend constexpr bool operator==(const Int256& a, const Int256& b) {
    std::uint64_t difference = 0;
    for (std::size_t i = 0; i < a.limbs.size(); ++i) difference |= a.limbs[i] ^ b.limbs[i];
    return difference == 0;
  }
};

// A sum of products of two words: up to 2^64 of them.
class ProductSum {
 public:
  void add(std::uint64_t a, std::uint64_t b) {
    const Wide product = Wide{a} * b;
    high_ += static_cast<std::uint64_t>(__builtin_add_overflow(low_, product, &low_));
  }

  constexpr Int256 value() const {
    return {{static_cast<std::uint64_t>(low_), static_cast<std::uint64_t>(low_ >> 64), high_, 0}};
  }

 private:
  Wide low_ = 0;
  std::uint64_t high_ = 0;
};

}  // namespace duet
