// Loops over numbers modulo a prime, for what lies between transforms (ntt.h), in time that does
// not depend on the numbers. With AVX-512 IFMA eight at a time (residues_ifma.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "modulus.h"

namespace duet {

// Two vectors that are multiplied entry by entry.
struct Product {
  std::span<const std::uint64_t> x;
  std::span<const std::uint64_t> y;
};

// Modulo one prime. All spans of a call have one length; entries are in [0, q) where nothing else
// is said.
class Residues {
 public:
  enum class Engine { kIfma, kPortable };

  // A prime below 2^50 and above 2^49.
  explicit Residues(Modulus modulus);
  Residues(Modulus modulus, Engine engine);

  // Words modulo q: as they are, or in two's complement.
  void from_unsigned(std::span<const std::uint64_t> words, std::span<std::uint64_t> out) const;
  void from_signed(std::span<const std::uint64_t> words, std::span<std::uint64_t> out) const;

  // x·y; `out` is neither of them.
  void multiply(std::span<const std::uint64_t> x, std::span<const std::uint64_t> y,
                std::span<std::uint64_t> out) const;

  // x·f, in place.
  void scale(std::span<std::uint64_t> x, Factor f) const;

  // (x - r)·inverse in place, where r is modulo `last` what `rest` is, and closest to zero.
  void divide(std::span<std::uint64_t> x, std::span<const std::uint64_t> rest, const Modulus& last,
              Factor inverse) const;

  // Adds Σ x·y, of at most kMostProducts, to `sums`; what they add up to is reduced once.
  static constexpr std::size_t kMostProducts = 1024;
  void add_products(std::span<const Product> products, std::span<std::uint64_t> sums) const;

 private:
  void from_words(std::span<const std::uint64_t> words, std::uint64_t flip, std::uint64_t shift,
                  std::span<std::uint64_t> out) const;

  Modulus modulus_;
  std::uint64_t minus_two63_;  // -2^63 modulo q
  Factor two52_;
  Factor two104_;
  bool ifma_;
};

}  // namespace duet
