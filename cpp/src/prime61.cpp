#include "prime61.h"

#include <array>
#include <bit>

namespace duet {
namespace {

std::uint64_t mul_mod(std::uint64_t x, std::uint64_t y, std::uint64_t n) {
  return static_cast<std::uint64_t>(Wide{x} * y % n);
}

std::uint64_t power_mod(std::uint64_t base, std::uint64_t exponent, std::uint64_t n) {
  std::uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = mul_mod(result, base, n);
    base = mul_mod(base, base, n);
  }
  return result;
}

constexpr std::array<std::uint64_t, 12> kBases{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};

}  // namespace

bool is_prime(std::uint64_t number) {
  if (number < 2) return false;
  for (const std::uint64_t base : kBases) {
    if (number % base == 0) return number == base;
  }
  const int twos = std::countr_zero(number - 1);
  for (const std::uint64_t base : kBases) {
    std::uint64_t x = power_mod(base, (number - 1) >> twos, number);
    bool passes = x == 1 || x == number - 1;
    for (int i = 1; i < twos && !passes; ++i) {
      x = mul_mod(x, x, number);
      passes = x == number - 1;
    }
    if (!passes) return false;
  }
  return true;
}

Prime61 Prime61::random(Prg& prg) {
  constexpr std::uint64_t kTop = std::uint64_t{1} << (kPrimeBits - 1);
  while (true) {
    const std::uint64_t candidate = kTop | (prg.next() & (kTop - 1)) | 1;
    if (is_prime(candidate)) return Prime61(candidate);
  }
}

}  // namespace duet
