// One prime's transforms (ntt.h), as each kind of processor computes them best.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "modulus.h"

namespace duet {

struct NttTables {
  // `root`: a primitive 2N-th root of unity modulo q; `size`: N.
  NttTables(const Modulus& modulus, std::uint64_t root, std::size_t size);

  Modulus modulus;
  std::vector<Factor> roots;          // powers of the root, in bit-reversed order
  std::vector<Factor> inverse_roots;  // of its inverse
  Factor inverse_size;
};

// In place; entries in [0, q) before and after. The transform's order is bit-reversed.
class NttEngine {
 public:
  virtual ~NttEngine() = default;
  virtual void forward(std::span<std::uint64_t> values) const = 0;
  virtual void inverse(std::span<std::uint64_t> values) const = 0;
};

using NttEnginePtr = std::unique_ptr<const NttEngine>;

NttEnginePtr portable_ntt(NttTables tables);

// For primes below 2^50 and at least 16 values. Only to be called where Transform::kIfma is
// available, or one of kAvx2 and kNeon.
NttEnginePtr ifma_ntt(const NttTables& tables);
NttEnginePtr fma_ntt(const NttTables& tables);

}  // namespace duet
