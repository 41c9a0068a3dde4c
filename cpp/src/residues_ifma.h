// The loops of residues.h with AVX-512's multiplications of 52 bits (IFMA). Only to be called where
// cpu_features().avx512_ifma holds, for primes between 2^49 and 2^50. Every function does as many
// entries as fill vectors of eight, and returns how many these are: the caller does the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "residues.h"

namespace duet::ifma {

// (words ^ flip) + shift
std::size_t from_words(std::uint64_t q, Factor two52, std::span<const std::uint64_t> words,
                       std::uint64_t flip, std::uint64_t shift, std::span<std::uint64_t> out);

std::size_t scale(std::uint64_t q, std::span<std::uint64_t> x, Factor f);

std::size_t divide(std::uint64_t q, std::span<std::uint64_t> x, std::span<const std::uint64_t> rest,
                   std::uint64_t last, Factor inverse);

std::size_t add_products(std::uint64_t q, Factor two52, Factor two104,
                         std::span<const Product> products, std::span<std::uint64_t> sums);

}  // namespace duet::ifma
