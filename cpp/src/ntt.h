// Number-theoretic transforms modulo X^N + 1: products of polynomials become products of entries.
// Longa, Naehrig, "Speeding up the Number Theoretic Transform for Faster Ideal Lattice-Based
// Cryptography", CANS 2016, with Harvey's lazy reductions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "modulus.h"
#include "ntt_ifma.h"

namespace duet {

class Ntt {
 public:
  enum class Engine { kIfma, kPortable };

  // `root`: a primitive 2N-th root of unity modulo q.
  Ntt(Modulus modulus, std::uint64_t root, std::size_t size);
  Ntt(Modulus modulus, std::uint64_t root, std::size_t size, Engine engine);

  const Modulus& modulus() const { return modulus_; }

  // In place; entries in [0, q) before and after. The transform's order is bit-reversed.
  void forward(std::span<std::uint64_t> values) const;
  void inverse(std::span<std::uint64_t> values) const;

 private:
  Modulus modulus_;
  std::vector<Factor> roots_;          // powers of the root, in bit-reversed order
  std::vector<Factor> inverse_roots_;  // of its inverse
  Factor inverse_size_;
  std::optional<ifma::Roots> ifma_;  // used with IFMA
  std::optional<ifma::Roots> ifma_inverse_;
};

}  // namespace duet
