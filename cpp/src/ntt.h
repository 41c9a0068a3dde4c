// Number-theoretic transforms modulo X^N + 1: products of polynomials become products of entries.
// Longa, Naehrig, "Speeding up the Number Theoretic Transform for Faster Ideal Lattice-Based
// Cryptography", CANS 2016, with Harvey's lazy reductions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "duet/transform.h"
#include "modulus.h"
#include "ntt_engine.h"

namespace duet {

class Ntt {
 public:
  // `root`: a primitive 2N-th root of unity modulo q.
  Ntt(const Modulus& modulus, std::uint64_t root, std::size_t size,
      Transform transform = transform_in_use());

  const Modulus& modulus() const { return modulus_; }

  // In place; entries in [0, q) before and after. The transform's order is bit-reversed.
  void forward(std::span<std::uint64_t> values) const { engine_->forward(values); }
  void inverse(std::span<std::uint64_t> values) const { engine_->inverse(values); }

 private:
  Modulus modulus_;
  NttEnginePtr engine_;
};

}  // namespace duet
