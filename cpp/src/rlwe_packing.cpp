#include "rlwe_packing.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "duet/errors.h"

namespace duet {
namespace {

constexpr std::size_t kKeyPrimes = kPackingPrimes + 1;

// X^(m·2^level) stays as it is where m is even, and changes its sign where m is odd.
std::size_t exponent_of(std::size_t level) { return kRlweSize / (std::size_t{1} << level) + 1; }

// Makes `a` (a + X^shift·b)/2; returns what the automorphism makes of (a - X^shift·b)/2.
SecretRnsPoly fold(SecretRnsPoly& a, const SecretRnsPoly& b, std::size_t shift,
                   std::size_t exponent) {
  SecretRnsPoly result(a.size());
  SecretVector<std::uint64_t> differences(kRlweSize);
  for (std::size_t i = 0; i < kPackingPrimes; ++i) {
    const Modulus& modulus = kModuli[i];
    const auto x = part(a, i);
    const auto y = part(b, i);
    for (std::size_t j = 0; j < shift; ++j) {  // X^N = -1
      const std::uint64_t shifted = y[kRlweSize - shift + j];
      differences[j] = modulus.half(modulus.add(x[j], shifted));
      x[j] = modulus.half(modulus.sub(x[j], shifted));
    }
    for (std::size_t j = shift; j < kRlweSize; ++j) {
      const std::uint64_t shifted = y[j - shift];
      differences[j] = modulus.half(modulus.sub(x[j], shifted));
      x[j] = modulus.half(modulus.add(x[j], shifted));
    }
    substitute(differences, exponent, i, part(result, i));
  }
  return result;
}

void add_to(SecretRnsPoly& sum, const SecretRnsPoly& poly) {
  for (std::size_t i = 0; i < kPackingPrimes; ++i) {
    const Modulus& modulus = kModuli[i];
    for (std::size_t j = i * kRlweSize; j < (i + 1) * kRlweSize; ++j) {
      sum[j] = modulus.add(sum[j], poly[j]);
    }
  }
}

// Of the last prime, modulo the others.
constexpr std::array<Factor, kPackingPrimes> kInverses = [] {
  std::array<Factor, kPackingPrimes> inverses;
  for (std::size_t i = 0; i < kPackingPrimes; ++i) {
    const Modulus& modulus = kModuli[i];
    inverses[i] = modulus.factor(modulus.invert(modulus.reduce(kModuli[kPackingPrimes].q())));
  }
  return inverses;
}();

// Adds round(x / P), where P is the last prime.
void add_divided(SecretRnsPoly& sum, SecretRnsPoly x) {
  const Modulus& last = kModuli[kPackingPrimes];
  for (std::size_t i = 0; i < kPackingPrimes; ++i) {
    rlwe_residues()[i].divide(part(x, i), part(x, kPackingPrimes), last, kInverses[i]);
  }
  add_to(sum, x);
}

}  // namespace

std::vector<std::uint8_t> PackingKeys::make(std::span<const std::int8_t> coefficients,
                                            const SecretRnsPoly& secret, Prg& prg) {
  const SecretRnsPoly used(secret.begin(), secret.begin() + kKeyPrimes * kRlweSize);
  const std::uint64_t last = kModuli[kPackingPrimes].q();
  std::vector<std::uint8_t> bytes;
  for (std::size_t level = 0; level < kPackingLevels; ++level) {
    for (std::size_t digit = 0; digit < kPackingPrimes; ++digit) {
      // e + P·g·s(X^exponent), where g is 1 modulo this digit's prime and 0 modulo the others.
      const SecretVector<std::uint64_t> errors = small_errors(prg);
      SecretRnsPoly message(kKeyPrimes * kRlweSize);
      const Modulus& modulus = kModuli[digit];
      SecretVector<std::uint64_t> scaled(kRlweSize);
      const Factor factor = modulus.factor(modulus.reduce(last));
      for (std::size_t j = 0; j < kRlweSize; ++j) {
        const auto wide = static_cast<std::uint64_t>(std::int64_t{coefficients[j]});
        scaled[j] = modulus.mul(modulus.from_centred(wide), factor);
      }
      substitute(scaled, exponent_of(level), digit, part(message, digit));
      add_errors(message, errors);
      const std::vector<std::uint8_t> made = encrypt_symmetric(std::move(message), used, prg);
      bytes.insert(bytes.end(), made.begin(), made.end());
    }
  }
  return bytes;
}

PackingKeys PackingKeys::parse(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != kBytes) throw ProtocolError("packing keys of a wrong length");
  constexpr std::size_t kEach = ciphertext_bytes(kKeyPrimes);
  PackingKeys keys;
  keys.levels_.resize(kPackingLevels);
  for (Key& key : keys.levels_) {
    for (RlweCiphertext& digit : key) {
      digit = RlweCiphertext::parse(bytes.first(kEach), kKeyPrimes);
      bytes = bytes.subspan(kEach);
    }
  }
  return keys;
}

void PackingKeys::pack(std::span<PackedCiphertext> parts, const Parallel& parallel) const {
  if (parts.empty() || parts.size() > kMostPacked) {
    throw std::invalid_argument("between 1 and " + std::to_string(kMostPacked) +
                                " ciphertexts are packed");
  }
  // Merges pairs that lie 16 apart, then 8, 4, 2 and 1.
  for (std::size_t level = kPackingLevels; level-- > 0;) {
    const std::size_t shift = std::size_t{1} << level;
    if (parts.size() <= shift) continue;
    parallel(parts.size() - shift,
             [&](std::size_t i) { merge(parts[i], parts[i + shift], level); });
    parts = parts.first(shift);
  }
}

// With the automorphism f: (a + X^shift·b)/2 + f((a - X^shift·b)/2). What f keeps counts twice in a
// and cancels in X^shift·b; what f negates, the other way round.
void PackingKeys::merge(PackedCiphertext& a, const PackedCiphertext& b, std::size_t level) const {
  const std::size_t shift = std::size_t{1} << level;
  const std::size_t exponent = exponent_of(level);
  add_to(a.body, fold(a.body, b.body, shift, exponent));
  add_switched(a, fold(a.random, b.random, shift, exponent), levels_[level]);
}

// Adds an encryption under the secret of random·f(secret): Σ digits·key, divided by P.
void PackingKeys::add_switched(PackedCiphertext& sum, const SecretRnsPoly& random, const Key& key) {
  SecretRnsPoly body(kKeyPrimes * kRlweSize);
  SecretRnsPoly uniform(kKeyPrimes * kRlweSize);
  SecretVector<std::uint64_t> digits(kPackingPrimes * kRlweSize);
  for (std::size_t i = 0; i < kKeyPrimes; ++i) {
    std::array<Product, kPackingPrimes> of_body;
    std::array<Product, kPackingPrimes> of_uniform;
    for (std::size_t digit = 0; digit < kPackingPrimes; ++digit) {
      const auto poly = part(digits, digit);
      rlwe_residues()[i].from_unsigned(part(random, digit), poly);
      rlwe_ntts()[i].forward(poly);
      of_body[digit] = {poly, part(key[digit].body, i)};
      of_uniform[digit] = {poly, part(key[digit].random, i)};
    }
    rlwe_residues()[i].add_products(of_body, part(body, i));
    rlwe_residues()[i].add_products(of_uniform, part(uniform, i));
  }
  to_coefficients(body);
  to_coefficients(uniform);
  add_divided(sum.body, std::move(body));
  add_divided(sum.random, std::move(uniform));
}

}  // namespace duet
