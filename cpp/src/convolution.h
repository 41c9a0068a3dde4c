// The sum over many rows of products A_c·B_c of polynomials with non-negative integer coefficients,
// modulo several primes and put together again (Chinese remainder theorem).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "duet/secret.h"
#include "int256.h"
#include "ntt.h"

namespace duet {

class Convolution {
 public:
  // Of rows of `row` coefficients; the sum's coefficients are below 2^total_bits.
  Convolution(std::size_t row, unsigned total_bits);

  // Both have `row` coefficients.
  void add(std::span<const Wide> a, std::span<const Wide> b);

  // The sum's 2·row coefficients, of which the last is 0.
  SecretVector<Int256> result() const;

 private:
  std::size_t row_;
  std::vector<Ntt> ntts_;                          // none for short rows
  std::vector<SecretVector<std::uint64_t>> sums_;  // of transforms, for each prime
  std::vector<Int256> products_;                   // of the primes before each
  std::vector<std::uint64_t> inverses_;            // of these, modulo each
  SecretVector<Int256> direct_;                    // of short rows
};

}  // namespace duet
