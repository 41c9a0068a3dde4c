// Answers packed into one, so that the polynomial that each would bring goes over the wire once:
// the merging of Chen, Dai, Kim, Song, "Efficient Homomorphic Conversion Between (Ring) LWE
// Ciphertexts", ACNS 2021 (algorithm 2), for coefficients at multiples of 32. docs/rlwe.md says why
// the noise stays small.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "parallel.h"
#include "rlwe_ring.h"

namespace duet {

inline constexpr std::size_t kPackingLevels = 5;
inline constexpr std::size_t kMostPacked = std::size_t{1} << kPackingLevels;

// Packing works modulo the first two primes; keys have a third one, by which their noise shrinks.
inline constexpr std::size_t kPackingPrimes = 2;

// A ciphertext modulo the first two primes, in coefficients. Of the body only those that are wanted
// may be other than zero.
struct PackedCiphertext {
  SecretRnsPoly body = SecretRnsPoly(kPackingPrimes * kRlweSize);
  SecretRnsPoly random = SecretRnsPoly(kPackingPrimes * kRlweSize);
};

// What one party needs to pack what is encrypted under the other's key: for each level encryptions
// of the secret under an automorphism.
class PackingKeys {
 public:
  static constexpr std::size_t kBytes =
      kPackingLevels * kPackingPrimes * ciphertext_bytes(kPackingPrimes + 1);

  // On the wire; `coefficients` are those of the secret, `secret` is its transform.
  static std::vector<std::uint8_t> make(std::span<const std::int8_t> coefficients,
                                        const SecretRnsPoly& secret, Prg& prg);
  static PackingKeys parse(std::span<const std::uint8_t> bytes);

  // Makes the first part a ciphertext of all: coefficients of `parts[i]` at multiples of P come to
  // lie i further, where P is the smallest power of two that is no less than the number of parts,
  // at most kMostPacked. The other parts are used up.
  void pack(std::span<PackedCiphertext> parts, const Parallel& parallel) const;

 private:
  using Key = std::array<RlweCiphertext, kPackingPrimes>;

  // Makes `a` a + X^(2^level)·b, for what lies at multiples of 2^(level + 1).
  void merge(PackedCiphertext& a, const PackedCiphertext& b, std::size_t level) const;
  static void add_switched(PackedCiphertext& sum, const SecretRnsPoly& random, const Key& key);

  std::vector<Key> levels_;
};

}  // namespace duet
