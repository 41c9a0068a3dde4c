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

SecretRnsPoly automorphism(const SecretRnsPoly& poly, std::size_t exponent) {
  SecretRnsPoly result(poly.size());
  for (std::size_t i = 0; i < primes_of(poly); ++i) {
    substitute(part(poly, i), exponent, i, part(result, i));
  }
  return result;
}

// (a + X^shift·b)/2 and (a - X^shift·b)/2.
std::pair<SecretRnsPoly, SecretRnsPoly> half_sums(const SecretRnsPoly& a, const SecretRnsPoly& b,
                                                  std::size_t shift) {
  std::pair<SecretRnsPoly, SecretRnsPoly> result{SecretRnsPoly(a.size()), SecretRnsPoly(a.size())};
  for (std::size_t i = 0; i < kPackingPrimes; ++i) {
    const Modulus& modulus = kModuli[i];
    const auto x = part(a, i);
    const auto y = part(b, i);
    const auto sum = part(result.first, i);
    const auto difference = part(result.second, i);
    for (std::size_t j = 0; j < shift; ++j) {  // X^N = -1
      const std::uint64_t shifted = y[kRlweSize - shift + j];
      sum[j] = modulus.half(modulus.sub(x[j], shifted));
      difference[j] = modulus.half(modulus.add(x[j], shifted));
    }
    for (std::size_t j = shift; j < kRlweSize; ++j) {
      sum[j] = modulus.half(modulus.add(x[j], y[j - shift]));
      difference[j] = modulus.half(modulus.sub(x[j], y[j - shift]));
    }
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

PackedCiphertext PackingKeys::pack(std::vector<PackedCiphertext> parts,
                                   const Parallel& parallel) const {
  if (parts.empty() || parts.size() > kMostPacked) {
    throw std::invalid_argument("between 1 and " + std::to_string(kMostPacked) +
                                " ciphertexts are packed");
  }
  // Merges pairs that lie 16 apart, then 8, 4, 2 and 1.
  for (std::size_t level = kPackingLevels; level-- > 0;) {
    const std::size_t shift = std::size_t{1} << level;
    if (parts.size() <= shift) continue;
    parallel(parts.size() - shift,
             [&](std::size_t i) { parts[i] = merge(parts[i], parts[i + shift], level); });
    parts.resize(shift);
  }
  return std::move(parts.front());
}

// With the automorphism f: (a + X^shift·b)/2 + f((a - X^shift·b)/2). What f keeps counts twice in a
// and cancels in X^shift·b; what f negates, the other way round.
PackedCiphertext PackingKeys::merge(const PackedCiphertext& a, const PackedCiphertext& b,
                                    std::size_t level) const {
  const std::size_t shift = std::size_t{1} << level;
  const std::size_t exponent = exponent_of(level);
  auto [body, body_difference] = half_sums(a.body, b.body, shift);
  auto [random, random_difference] = half_sums(a.random, b.random, shift);
  PackedCiphertext result{std::move(body), std::move(random)};
  add_to(result.body, automorphism(body_difference, exponent));
  add_switched(result, automorphism(random_difference, exponent), levels_[level]);
  return result;
}

// Adds an encryption under the secret of random·f(secret): Σ digits·key, divided by P.
void PackingKeys::add_switched(PackedCiphertext& sum, const SecretRnsPoly& random, const Key& key) {
  SecretRnsPoly body(kKeyPrimes * kRlweSize);
  SecretRnsPoly uniform(kKeyPrimes * kRlweSize);
  ProductSums body_sums(kRlweSize);
  ProductSums uniform_sums(kRlweSize);
  SecretVector<std::uint64_t> poly(kRlweSize);
  for (std::size_t i = 0; i < kKeyPrimes; ++i) {
    const Residues& residues = rlwe_residues()[i];
    body_sums.clear();
    uniform_sums.clear();
    for (std::size_t digit = 0; digit < kPackingPrimes; ++digit) {
      residues.from_unsigned(part(random, digit), poly);
      rlwe_ntts()[i].forward(poly);
      const auto add_product = [&](const RnsPoly& of_key, ProductSums& sums) {
        residues.add_products(std::array{Product{poly, part(of_key, i)}}, sums.low, sums.high);
      };
      add_product(key[digit].body, body_sums);
      add_product(key[digit].random, uniform_sums);
    }
    residues.reduce(body_sums.low, body_sums.high, part(body, i));
    residues.reduce(uniform_sums.low, uniform_sums.high, part(uniform, i));
  }
  to_coefficients(body);
  to_coefficients(uniform);
  add_divided(sum.body, std::move(body));
  add_divided(sum.random, std::move(uniform));
}

}  // namespace duet
