// Additively homomorphic encryption of polynomials over Z_2^64, with products by known polynomials:
// the scheme of Fan, Vercauteren, "Somewhat Practical Fully Homomorphic Encryption" (BFV), ePrint
// 2012/144, in the way Huang, Lu, Hong, Ding, "Cheetah", USENIX Security 2022, uses it. The
// parameters, the noise and why answers hide what they were computed with: docs/rlwe.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "duet/block.h"
#include "duet/prg.h"
#include "duet/ring.h"
#include "duet/secret.h"
#include "ntt.h"

namespace duet {

inline constexpr std::size_t kRlweSize = 8192;  // N: coefficients of a polynomial
inline constexpr std::size_t kRlwePrimes = 4;   // Q is their product, of 200 bits
inline constexpr unsigned kRlwePrimeBits = 50;
inline constexpr unsigned kSwitchedBits = 80;  // answers are modulo 2^80

// How many uploads may be added up in an answer, for the noise bound.
inline constexpr std::size_t kMostUploads = 256;

std::span<const Ntt> rlwe_ntts();
std::uint64_t rlwe_root(std::size_t prime);

// All entries modulo the first prime, then all modulo the second, and so on.
using RnsPoly = std::vector<std::uint64_t>;
using SecretRnsPoly = SecretVector<std::uint64_t>;

// Bytes on the wire.
inline constexpr std::size_t kUploadBytes =
    sizeof(Block) + kRlwePrimes * kRlweSize * kRlwePrimeBits / 8;
inline constexpr std::size_t kSwitchedBytes = kSwitchedBits / 8;
constexpr std::size_t answer_bytes(std::size_t wanted) {
  return (kRlweSize + wanted) * kSwitchedBytes;
}

// An upload as its receiver holds it: both polynomials, transformed.
struct RlweCiphertext {
  static RlweCiphertext parse(std::span<const std::uint8_t> bytes);

  RnsPoly body;    // -a·s + e + Δ·m
  RnsPoly random;  // a
};

// A public key is an encryption of zero.
using RlwePublicKey = RlweCiphertext;

class RlweSecretKey {
 public:
  explicit RlweSecretKey(Randomness& random);

  // An encryption of a polynomial (missing coefficients are zero) as kUploadBytes bytes.
  std::vector<std::uint8_t> encrypt(std::span<const Ring> message, Prg& prg) const;

  // The coefficients at `wanted` of what an answer encrypts.
  std::vector<Ring> decrypt(std::span<const std::uint8_t> answer,
                            std::span<const std::size_t> wanted) const;

 private:
  SecretVector<std::int8_t> coefficients_;  // of s, in {-1, 0, 1}
  SecretRnsPoly transformed_;
};

// A party's own key and the other's.
struct RlweKeys {
  RlweSecretKey mine;
  RlwePublicKey peer;
};

// A sum of ciphertexts times known polynomials.
class RlweSum {
 public:
  RlweSum();

  // `factor` has kRlweSize coefficients. At most kMostUploads times.
  void add(const RlweCiphertext& ciphertext, std::span<const Ring> factor);

  // The sum minus `masks`, at the coefficients `wanted`; tells the owner of the key nothing else.
  std::vector<std::uint8_t> answer(const RlwePublicKey& key, std::span<const std::size_t> wanted,
                                   std::span<const Ring> masks, Prg& prg) const;

 private:
  std::vector<Wide> body_;
  std::vector<Wide> random_;
};

}  // namespace duet
