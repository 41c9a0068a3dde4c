// Additively homomorphic encryption of polynomials over Z_2^64, with products by known polynomials:
// the scheme of Fan, Vercauteren, "Somewhat Practical Fully Homomorphic Encryption" (BFV), ePrint
// 2012/144, in the way Huang, Lu, Hong, Ding, "Cheetah", USENIX Security 2022, uses it. The
// parameters, the noise and why answers hide what they were computed with: docs/rlwe.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "duet/prg.h"
#include "duet/ring.h"
#include "duet/secret.h"
#include "rlwe_packing.h"
#include "rlwe_ring.h"

namespace duet {

inline constexpr unsigned kSwitchedBits = 80;  // answers are modulo 2^80

// How many uploads may be added up in an answer, for the noise bound.
inline constexpr std::size_t kMostUploads = 256;

// The statistical distance from what tells nothing that one coefficient of an answer adds, if it is
// a sum over so many uploads (docs/rlwe.md, "What an answer tells").
double flooding_distance(std::size_t uploads);

// Bytes on the wire.
inline constexpr std::size_t kUploadBytes = ciphertext_bytes(kRlwePrimes);
inline constexpr std::size_t kPublicKeyBytes = kUploadBytes + PackingKeys::kBytes;
inline constexpr std::size_t kSwitchedBytes = kSwitchedBits / 8;
constexpr std::size_t answer_bytes(std::size_t wanted) {
  return (kRlweSize + wanted) * kSwitchedBytes;
}

class RlweSecretKey {
 public:
  explicit RlweSecretKey(Randomness& random);

  // What the other party needs for its answers, as kPublicKeyBytes bytes.
  std::vector<std::uint8_t> public_key(Prg& prg) const;

  // An encryption of a polynomial (missing coefficients are zero) as kUploadBytes bytes.
  std::vector<std::uint8_t> encrypt(std::span<const Ring> message, Prg& prg) const;

  // The coefficients at `wanted` of what an answer encrypts.
  std::vector<Ring> decrypt(std::span<const std::uint8_t> answer,
                            std::span<const std::size_t> wanted) const;

 private:
  SecretVector<std::int8_t> coefficients_;  // of s, in {-1, 0, 1}
  SecretRnsPoly transformed_;
};

struct RlwePublicKey {
  static RlwePublicKey parse(std::span<const std::uint8_t> bytes);

  RlweCiphertext zero;  // an encryption of zero
  PackingKeys packing;
};

// A party's own key and the other's.
struct RlweKeys {
  RlweSecretKey mine;
  RlwePublicKey peer;
};

// A ciphertext and the transform of what it is multiplied with, modulo one prime.
struct RlweTerm {
  const RlweCiphertext* ciphertext;
  std::span<const std::uint64_t> factor;
};

// The transform modulo one prime of a factor of kRlweSize coefficients.
void transform_factor(std::span<const Ring> factor, std::size_t prime,
                      std::span<std::uint64_t> out);

// A sum of ciphertexts times known polynomials.
class RlweSum {
 public:
  RlweSum();

  void clear();

  // At most kMostUploads in all, for the noise. The parts for different primes are independent of
  // each other: different threads may add them.
  void add(std::span<const RlweTerm> terms, std::size_t prime);

  // Makes `out` the sum minus `masks`, at the coefficients `wanted`; tells the owner of the key
  // nothing else. Ends the sum: what is added after that needs a clear().
  void mask(const RlwePublicKey& key, std::span<const std::size_t> wanted,
            std::span<const Ring> masks, Prg& prg, PackedCiphertext& out);

 private:
  SecretRnsPoly body_;
  SecretRnsPoly random_;
};

// A ciphertext as answer_bytes() bytes.
std::vector<std::uint8_t> answer_of(const PackedCiphertext& ciphertext,
                                    std::span<const std::size_t> wanted);

}  // namespace duet
