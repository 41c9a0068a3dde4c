// The transforms of ntt.h with AVX-512's multiplications of 52 bits (IFMA), eight at a time. Only
// to be called where cpu_features().avx512_ifma holds, for primes below 2^50 and at least 16
// values.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "modulus.h"

namespace duet::ifma {

// Factors apart: what they are, and their quotients for products of 52 bits.
struct Roots {
  explicit Roots(std::span<const Factor> factors);

  std::vector<std::uint64_t> values;
  std::vector<std::uint64_t> quotients;  // floor(value·2^52 / q)
};

void forward(std::span<std::uint64_t> values, std::uint64_t q, const Roots& roots);
void inverse(std::span<std::uint64_t> values, std::uint64_t q, const Roots& inverse_roots,
             Factor inverse_size);

}  // namespace duet::ifma
