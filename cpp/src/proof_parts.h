// What proving (proof.cpp) and checking (proof_evaluation.cpp) have in common: how shares, blinds
// and masks follow from a key, row by row, and how a layout's polynomial is put together.
//
// Row c of a vector has the polynomials A_c(t) = sum_m a_m t^m + u t^M, of server 0, with the row's
// blind u, and B_c(t) = sum_m b_m t^(M-1-m), of server 1. The sum of A_c·B_c over all rows has 2M
// coefficients, and <a,b> is the one of t^(M-1). A product of two vectors has the sum of
// A_c·B'_c + A'_c·B_c, with the same polynomials of rows. All lie side by side: those of vectors in
// their order, then those of products of two.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "duet/prg.h"
#include "duet/proof.h"
#include "duet/secret.h"
#include "int256.h"

namespace duet {

inline constexpr std::size_t kMostEntries = std::size_t{1} << 32;
inline constexpr std::size_t kMaskBytes = 31;  // of server 0's share of a coefficient
inline constexpr std::size_t kPiece = 4096;    // entries at once of a vector without rows

constexpr std::size_t high_bytes_of(const ProofVector& vector) { return (vector.bits - 64) / 8; }

// The streams of a key (prg.h): three for each vector, and one for the masks.
constexpr std::uint64_t low_stream(std::size_t vector) { return 3 * vector; }
constexpr std::uint64_t high_stream(std::size_t vector) { return 3 * vector + 1; }
constexpr std::uint64_t blind_stream(std::size_t vector) { return 3 * vector + 2; }
inline constexpr std::uint64_t kMaskStream = ~std::uint64_t{0};

// A row of shares: the low 64 bits of each, and the others.
struct ShareRow {
  std::span<const Ring> low;
  std::span<const std::uint64_t> high;

  Wide operator[](std::size_t i) const { return Wide{high[i]} << 64 | low[i]; }
};

template <std::size_t Bytes>
void widen(const std::uint8_t* bytes, std::span<std::uint64_t> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::uint64_t word = 0;
    if constexpr (Bytes > 0) std::memcpy(&word, bytes + Bytes * i, Bytes);
    words[i] = word;
  }
}

// Numbers of so many bytes each.
inline void widen(const std::uint8_t* bytes, std::size_t size, std::span<std::uint64_t> words) {
  constexpr std::array kWiden{widen<0>, widen<1>, widen<2>, widen<3>, widen<4>, widen<5>};
  kWiden.at(size)(bytes, words);
}

// Server 0's shares of one vector, and a blind for each row.
class SeededVector {
 public:
  SeededVector(Block key, std::size_t vector, const ProofVector& shape)
      : low_(key, low_stream(vector)),
        high_(key, high_stream(vector)),
        blinds_(key, blind_stream(vector)),
        high_bytes_(high_bytes_of(shape)) {}

  // The next entries; what was returned before is overwritten.
  ShareRow next(std::size_t entries) {
    low_words_.resize(entries);
    bytes_.resize(entries * high_bytes_);
    high_words_.resize(entries);
    low_.fill(std::span<Ring>(low_words_));
    high_.fill(std::span<std::uint8_t>(bytes_));
    widen(bytes_.data(), high_bytes_, high_words_);
    return {low_words_, high_words_};
  }
  Wide next_blind() {
    const Block blind = blinds_.block();
    return Wide{blind.hi} << 64 | blind.lo;
  }

 private:
  Prg low_;
  Prg high_;
  Prg blinds_;
  std::size_t high_bytes_;
  SecretVector<Ring> low_words_;
  SecretVector<std::uint8_t> bytes_;
  SecretVector<std::uint64_t> high_words_;
};

// Server 1's shares of one vector.
class MaskedVector {
 public:
  MaskedVector(std::span<const Ring> low, std::span<const std::uint8_t> high,
               const ProofVector& shape)
      : low_(low), high_(high), high_bytes_(high_bytes_of(shape)) {}

  // The next entries; what was returned before is overwritten.
  ShareRow next(std::size_t entries) {
    high_words_.resize(entries);
    widen(high_.data(), high_bytes_, high_words_);
    const ShareRow row{low_.first(entries), high_words_};
    low_ = low_.subspan(entries);
    high_ = high_.subspan(entries * high_bytes_);
    return row;
  }
  // Its rows have none.
  Wide next_blind() { return 0; }

 private:
  std::span<const Ring> low_;
  std::span<const std::uint8_t> high_;
  std::size_t high_bytes_;
  SecretVector<std::uint64_t> high_words_;
};

// Those of all vectors, which lie one after the other.
inline std::vector<MaskedVector> masked_vectors(const ProofLayout& layout,
                                                std::span<const Ring> low,
                                                std::span<const std::uint8_t> high) {
  std::vector<MaskedVector> vectors;
  for (const ProofVector& shape : layout.vectors()) {
    vectors.emplace_back(low, high, shape);
    low = low.subspan(shape.entries);
    high = high.subspan(shape.entries * high_bytes_of(shape));
  }
  return vectors;
}

// Calls use(count) for the sizes of a vector's rows; the last one may be shorter.
void for_rows(const ProofVector& shape, const auto& use) {
  const std::size_t row = shape.row == 0 ? kPiece : shape.row;
  for (std::size_t begin = 0; begin < shape.entries; begin += row) {
    use(std::min(row, shape.entries - begin));
  }
}

// Server 0's share of the polynomial: uniform below 2^248.
class Masks {
 public:
  explicit Masks(Block key) : prg_(key, kMaskStream) {}

  Int256 next() {
    std::uint8_t bytes[Int256::kBytes] = {};
    prg_.fill({bytes, kMaskBytes});
    return Int256::load(bytes);
  }

 private:
  Prg prg_;
};

}  // namespace duet
