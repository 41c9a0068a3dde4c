#include "rlwe_ring.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "duet/errors.h"

namespace duet {
namespace {

constexpr std::array<std::uint64_t, kRlwePrimes> kRoots{971709613313032, 1096684567043902,
                                                        340368873960073, 684195787594020};

constexpr std::uint64_t kPrimeMask = (std::uint64_t{1} << kRlwePrimeBits) - 1;

std::int8_t ternary(std::uint64_t random) {
  return static_cast<std::int8_t>(static_cast<int>((Wide{random} * 3) >> 64) - 1);
}

// A centred binomial number: ones among 42 bits, minus 21; summed in ever wider fields of the word.
std::uint64_t small_error(std::uint64_t random) {
  constexpr std::uint64_t kPairs = 0x5555555555555555;
  constexpr std::uint64_t kFours = 0x3333333333333333;
  constexpr std::uint64_t kBytes = 0x0f0f0f0f0f0f0f0f;
  std::uint64_t ones = random & ((std::uint64_t{1} << 42) - 1);
  ones -= (ones >> 1) & kPairs;
  ones = (ones & kFours) + ((ones >> 2) & kFours);
  ones = (ones + (ones >> 4)) & kBytes;
  ones += ones >> 8;
  ones += ones >> 16;
  return ((ones + (ones >> 32)) & 0x7f) - 21;
}

// The public polynomial that a seed stands for: uniform, and so is its transform.
RnsPoly expanded(Block seed, std::size_t primes) {
  Prg prg(seed);
  RnsPoly poly(primes * kRlweSize);
  std::array<std::uint64_t, 256> words;
  std::size_t next = words.size();
  for (std::size_t i = 0; i < primes; ++i) {
    for (std::uint64_t& value : part(poly, i)) {
      do {
        if (next == words.size()) {
          prg.fill(std::span<std::uint64_t>(words));
          next = 0;
        }
        value = words[next++] & kPrimeMask;
      } while (value >= kModuli[i].q());  // seeds are public
    }
  }
  return poly;
}

// 50 bits each, without gaps: value i begins within byte 50·i/8 and ends within the seven after it.
// The words at the end are read and written in part.
std::size_t word_bytes(std::size_t offset, std::size_t size) {
  return std::min(size - offset, sizeof(std::uint64_t));
}

void pack(std::span<const std::uint64_t> values, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t offset = i * kRlwePrimeBits / 8;
    const std::size_t count = word_bytes(offset, out.size());
    std::uint64_t word = 0;
    std::memcpy(&word, &out[offset], count);
    word |= values[i] << (i * kRlwePrimeBits % 8);
    std::memcpy(&out[offset], &word, count);
  }
}

void unpack(std::span<const std::uint8_t> in, std::span<std::uint64_t> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t offset = i * kRlwePrimeBits / 8;
    std::uint64_t word = 0;
    std::memcpy(&word, &in[offset], word_bytes(offset, in.size()));
    values[i] = (word >> (i * kRlwePrimeBits % 8)) & kPrimeMask;
  }
}

}  // namespace

std::span<const Ntt> rlwe_ntts() {
  static const std::vector<Ntt> made = [] {
    std::vector<Ntt> ntts;
    for (std::size_t i = 0; i < kRlwePrimes; ++i) {
      ntts.emplace_back(kModuli[i], kRoots[i], kRlweSize);
    }
    return ntts;
  }();
  return made;
}

std::span<const Residues> rlwe_residues() {
  static const std::vector<Residues> made(kModuli.begin(), kModuli.end());
  return made;
}

std::uint64_t rlwe_root(std::size_t prime) { return kRoots.at(prime); }

void to_transform(std::span<std::uint64_t> poly) {
  for (std::size_t i = 0; i < primes_of(poly); ++i) rlwe_ntts()[i].forward(part(poly, i));
}

void to_coefficients(std::span<std::uint64_t> poly) {
  for (std::size_t i = 0; i < primes_of(poly); ++i) rlwe_ntts()[i].inverse(part(poly, i));
}

SecretVector<std::uint64_t> random_words(Prg& prg, std::size_t count) {
  SecretVector<std::uint64_t> words(count);
  prg.fill(std::span<std::uint64_t>(words));
  return words;
}

SecretVector<std::int8_t> random_ternary(Prg& prg) {
  const SecretVector<std::uint64_t> random = random_words(prg, kRlweSize);
  SecretVector<std::int8_t> coefficients(kRlweSize);
  std::transform(random.begin(), random.end(), coefficients.begin(), ternary);
  return coefficients;
}

SecretRnsPoly transformed(std::span<const std::int8_t> coefficients, std::size_t primes) {
  SecretRnsPoly poly(primes * kRlweSize);
  for (std::size_t i = 0; i < primes; ++i) {
    for (std::size_t j = 0; j < kRlweSize; ++j) {
      const auto wide = static_cast<std::uint64_t>(std::int64_t{coefficients[j]});
      poly[i * kRlweSize + j] = kModuli[i].from_centred(wide);
    }
  }
  to_transform(poly);
  return poly;
}

SecretVector<std::uint64_t> small_errors(Prg& prg) {
  SecretVector<std::uint64_t> errors = random_words(prg, kRlweSize);
  for (std::uint64_t& error : errors) error = small_error(error);
  return errors;
}

void add_errors(SecretRnsPoly& poly, std::span<const std::uint64_t> errors) {
  for (std::size_t i = 0; i < primes_of(poly); ++i) {
    const Modulus& modulus = kModuli[i];
    const auto entries = part(poly, i);
    for (std::size_t j = 0; j < kRlweSize; ++j) {
      entries[j] = modulus.add(entries[j], modulus.from_centred(errors[j]));
    }
  }
}

void substitute(std::span<const std::uint64_t> x, std::size_t exponent, std::size_t prime,
                std::span<std::uint64_t> out) {
  const Modulus& modulus = kModuli[prime];
  for (std::size_t j = 0; j < kRlweSize; ++j) {
    const std::size_t power = j * exponent % (2 * kRlweSize);
    const std::uint64_t is_negated = 0 - std::uint64_t{power / kRlweSize};  // X^N = -1
    out[power % kRlweSize] = x[j] ^ ((x[j] ^ modulus.neg(x[j])) & is_negated);
  }
}

RlweCiphertext RlweCiphertext::parse(std::span<const std::uint8_t> bytes, std::size_t primes) {
  if (bytes.size() != ciphertext_bytes(primes)) {
    throw ProtocolError("a ciphertext of a wrong length");
  }
  Block seed;
  std::memcpy(&seed, bytes.data(), sizeof seed);
  RlweCiphertext result{RnsPoly(primes * kRlweSize), expanded(seed, primes)};
  unpack(bytes.subspan(sizeof seed), result.body);
  for (std::size_t i = 0; i < primes; ++i) {
    for (const std::uint64_t value : part(result.body, i)) {
      if (value >= kModuli[i].q()) throw ProtocolError("a ciphertext with an entry out of range");
    }
  }
  return result;
}

std::vector<std::uint8_t> encrypt_symmetric(SecretRnsPoly message, const SecretRnsPoly& secret,
                                            Prg& prg) {
  const std::size_t primes = primes_of(message);
  to_transform(message);
  const Block seed = prg.block();
  const RnsPoly random = expanded(seed, primes);
  SecretVector<std::uint64_t> masks(kRlweSize);  // a·s
  for (std::size_t i = 0; i < primes; ++i) {
    const auto entries = part(message, i);
    rlwe_residues()[i].multiply(part(random, i), part(secret, i), masks);
    for (std::size_t j = 0; j < kRlweSize; ++j) entries[j] = kModuli[i].sub(entries[j], masks[j]);
  }
  std::vector<std::uint8_t> bytes(ciphertext_bytes(primes));
  std::memcpy(bytes.data(), &seed, sizeof seed);
  pack(message, std::span(bytes).subspan(sizeof seed));
  return bytes;
}

}  // namespace duet
