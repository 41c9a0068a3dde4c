// Uploads with proofs, and whether servers accept them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "duet/proof.h"
#include "proof_evaluation.h"

namespace duet {

using Values = std::vector<std::int64_t>;
using Bytes = std::vector<std::uint8_t>;

inline const Bytes kContext{'r', 'o', 'u', 'n', 'd'};

inline std::array<std::uint8_t, 32> constant(const Int256& value) {
  std::array<std::uint8_t, 32> bytes;
  value.store(bytes.data());
  return bytes;
}

inline Int256 square_of(std::int64_t x) {
  const auto bits = static_cast<std::uint64_t>(x);
  const std::uint64_t magnitude = x < 0 ? 0 - bits : bits;
  return Int256::of(Wide{magnitude} * magnitude);
}

inline Int256 squared_norm(std::span<const std::int64_t> x) {
  Int256 sum;
  for (const std::int64_t value : x) sum += square_of(value);
  return sum;
}

inline Values random_entries(std::size_t count, unsigned bits, std::uint64_t seed) {
  Prg prg({seed, 5});
  Values values(count);
  for (std::int64_t& value : values) {
    value = static_cast<std::int64_t>(prg.next() >> (64 - bits)) - (std::int64_t{1} << (bits - 1));
  }
  return values;
}

// |x|^2 + |y|^2 is a constant, for values x and four more, y.
struct Norm {
  Norm(std::size_t entries, unsigned bits, std::size_t row, unsigned magnitude = 24)
      : values(random_entries(entries + 4, magnitude, entries)),
        layout({{entries, bits, row}, {4, bits, 1}},
               {{{{0, 1, 0}, {1, 1, 0}}, constant(squared_norm(values))}}, {{0, 0}, {1, 1}}) {}

  Values values;
  ProofLayout layout;
};

inline ProvenUpload uploaded(const ProofLayout& layout, const Values& values,
                             std::uint64_t seed = 1) {
  Randomness random = Randomness::for_tests({seed, 9});
  return prove(layout, values, kContext, random);
}

inline MaskedUpload masked(const ProvenUpload& upload) {
  return {upload.low, upload.high, upload.proof};
}

inline bool accepted(const ProofLayout& layout, const ProvenUpload& upload, const ProofPoint& point,
                     const Bytes& context = kContext) {
  const ProofHalf first = evaluate_seed(layout, point, upload_key(upload.seed, context));
  return holds(layout, point, evaluate_masked(layout, point, masked(upload)), first);
}

inline bool accepted(const ProofLayout& layout, const ProvenUpload& upload) {
  return accepted(layout, upload, ProofPoint(layout, Block{7, 8}));
}

}  // namespace duet
