// Loops over numbers modulo a prime, for what lies between transforms (ntt.h), in time that does
// not depend on the numbers. With AVX-512 IFMA eight at a time (residues_ifma.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "duet/secret.h"
#include "modulus.h"
#include "residues_ifma.h"

namespace duet {

// Sums of products that are reduced once, at the end: low + high·2^52, entry by entry. A product of
// numbers below 2^50 adds less than 2^52 to `low` and less than 2^48 to `high`.
struct ProductSums {
  static constexpr std::size_t kMostProducts = 1024;

  explicit ProductSums(std::size_t size) : low(size), high(size) {}
  void clear();

  SecretVector<std::uint64_t> low;
  SecretVector<std::uint64_t> high;
};

// All spans of a call have one length; entries are in [0, q) where nothing else is said.
class Residues {
 public:
  enum class Engine { kIfma, kPortable };

  // A prime below 2^50 and above 2^49.
  explicit Residues(Modulus modulus);
  Residues(Modulus modulus, Engine engine);

  // Words modulo q: as they are, or in two's complement.
  void from_unsigned(std::span<const std::uint64_t> words, std::span<std::uint64_t> out) const;
  void from_signed(std::span<const std::uint64_t> words, std::span<std::uint64_t> out) const;

  // x·y
  void multiply(std::span<const std::uint64_t> x, std::span<const std::uint64_t> y,
                std::span<std::uint64_t> out) const;

  // x·f, in place.
  void scale(std::span<std::uint64_t> x, Factor f) const;

  // (x - r)·inverse in place, where r is modulo `last` what `rest` is, and closest to zero.
  void divide(std::span<std::uint64_t> x, std::span<const std::uint64_t> rest, const Modulus& last,
              Factor inverse) const;

  // Adds Σ x·y, at most kMostProducts in all.
  void add_products(std::span<const Product> products, std::span<std::uint64_t> low,
                    std::span<std::uint64_t> high) const;
  // The sums modulo q.
  void reduce(std::span<const std::uint64_t> low, std::span<const std::uint64_t> high,
              std::span<std::uint64_t> out) const;

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
