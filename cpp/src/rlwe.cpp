#include "rlwe.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "duet/errors.h"

namespace duet {
namespace {

// The largest primes below 2^50 that are 1 modulo 2N, and for each a primitive 2N-th root of unity.
constexpr std::array<std::uint64_t, kRlwePrimes> kPrimes{1125899906826241, 1125899906629633,
                                                         1125899905744897, 1125899905351681};
constexpr std::array<std::uint64_t, kRlwePrimes> kRoots{971709613313032, 1096684567043902,
                                                        340368873960073, 684195787594020};

constexpr std::size_t kRnsSize = kRlwePrimes * kRlweSize;
constexpr unsigned kFloodBits = 134;  // uniform in [-2^133, 2^133); see docs/rlwe.md

Wide low_bits(unsigned bits) { return (Wide{1} << bits) - 1; }

// What scaling by Q/2^64 and by 2^80/Q take, for every prime.
struct Constants {
  Constants() {
    std::uint64_t product = 1;  // Q modulo 2^64
    for (const std::uint64_t q : kPrimes) product *= q;
    modulus_low = product;
    for (std::size_t i = 0; i < kRlwePrimes; ++i) {
      const Modulus modulus(kPrimes[i]);
      std::uint64_t others = 1;  // Q / q_i modulo q_i
      for (std::size_t j = 0; j < kRlwePrimes; ++j) {
        if (j != i) others = modulus.mul(others, modulus.reduce(kPrimes[j]));
      }
      inverse_others[i] = modulus.factor(modulus.invert(others));
      const auto two64 = static_cast<std::uint64_t>((Wide{1} << 64) % kPrimes[i]);
      inverse_two64[i] = modulus.factor(modulus.invert(two64));
      // floor(2^160 / q), by long division in words of 32 bits
      Wide rest = 0;
      std::array<std::uint64_t, 6> words{};
      for (std::size_t word = 0; word < words.size(); ++word) {
        rest = (rest << 32) | (word == 0 ? Wide{1} : Wide{0});
        words[word] = static_cast<std::uint64_t>(rest / kPrimes[i]);
        rest %= kPrimes[i];
      }
      fraction_high[i] = (words[2] << 32) | words[3];
      fraction_low[i] = (words[4] << 32) | words[5];
    }
  }

  std::uint64_t modulus_low;
  std::array<Factor, kRlwePrimes> inverse_others;
  std::array<Factor, kRlwePrimes> inverse_two64;
  std::array<std::uint64_t, kRlwePrimes> fraction_high;
  std::array<std::uint64_t, kRlwePrimes> fraction_low;
};

const Constants& constants() {
  static const Constants made;
  return made;
}

const Modulus& modulus_of(std::size_t prime) { return rlwe_ntts()[prime].modulus(); }

template <class Values>
std::span<std::uint64_t> part(Values& values, std::size_t prime) {
  return std::span<std::uint64_t>(values).subspan(prime * kRlweSize, kRlweSize);
}

template <class Values>
void forward(Values& values) {
  for (std::size_t i = 0; i < kRlwePrimes; ++i) rlwe_ntts()[i].forward(part(values, i));
}

template <class Values>
void inverse(Values& values) {
  for (std::size_t i = 0; i < kRlwePrimes; ++i) rlwe_ntts()[i].inverse(part(values, i));
}

// round(Q/2^64 · m) modulo a prime. With r = Q·m modulo 2^64, between -2^63 and 2^63, that is
// (Q·m - r) / 2^64, and Q is 0 modulo the prime.
std::uint64_t scaled(Ring message, std::size_t prime) {
  const Modulus& modulus = modulus_of(prime);
  const std::uint64_t rest = constants().modulus_low * message;
  return modulus.mul(modulus.neg(modulus.from_signed(rest)), constants().inverse_two64[prime]);
}

// 1, 0 or -1, each with probability 1/3 up to 2^-62.
std::int8_t ternary(std::uint64_t random) {
  return static_cast<std::int8_t>(static_cast<int>((Wide{random} * 3) >> 64) - 1);
}

// Centred binomial, of variance 10.5: deviation 3.24, at most 21.
std::uint64_t small_error(std::uint64_t random) {
  constexpr std::uint64_t kHalf = (std::uint64_t{1} << 21) - 1;
  const auto plus = static_cast<std::uint64_t>(std::popcount(random & kHalf));
  const auto minus = static_cast<std::uint64_t>(std::popcount((random >> 21) & kHalf));
  return plus - minus;
}

SecretVector<std::uint64_t> random_words(Prg& prg, std::size_t count) {
  SecretVector<std::uint64_t> words(count);
  prg.fill(std::span<std::uint64_t>(words));
  return words;
}

// A ternary polynomial, transformed.
SecretRnsPoly transformed(std::span<const std::int8_t> coefficients) {
  SecretRnsPoly poly(kRnsSize);
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    for (std::size_t j = 0; j < kRlweSize; ++j) {
      const auto wide = static_cast<std::uint64_t>(std::int64_t{coefficients[j]});
      poly[i * kRlweSize + j] = modulus_of(i).from_signed(wide);
    }
  }
  forward(poly);
  return poly;
}

SecretVector<std::int8_t> random_ternary(Prg& prg) {
  const SecretVector<std::uint64_t> random = random_words(prg, kRlweSize);
  SecretVector<std::int8_t> coefficients(kRlweSize);
  std::transform(random.begin(), random.end(), coefficients.begin(), ternary);
  return coefficients;
}

// The public polynomial that a seed stands for: uniform, and so is its transform.
RnsPoly expanded(Block seed) {
  Prg prg(seed);
  RnsPoly poly(kRnsSize);
  std::array<std::uint64_t, 256> words;
  std::size_t next = words.size();
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    for (std::uint64_t& value : part(poly, i)) {
      do {
        if (next == words.size()) {
          prg.fill(std::span<std::uint64_t>(words));
          next = 0;
        }
        value = words[next++] & ((std::uint64_t{1} << kRlwePrimeBits) - 1);
      } while (value >= kPrimes[i]);  // seeds are public
    }
  }
  return poly;
}

// 50 bits each, without gaps.
void pack(std::span<const std::uint64_t> values, std::uint8_t* out) {
  Wide pending = 0;
  unsigned bits = 0;
  for (const std::uint64_t value : values) {
    pending |= Wide{value} << bits;
    bits += kRlwePrimeBits;
    for (; bits >= 8; bits -= 8, pending >>= 8) *out++ = static_cast<std::uint8_t>(pending);
  }
}

void unpack(const std::uint8_t* in, std::span<std::uint64_t> values) {
  Wide pending = 0;
  unsigned bits = 0;
  for (std::uint64_t& value : values) {
    for (; bits < kRlwePrimeBits; bits += 8) pending |= Wide{*in++} << bits;
    value = static_cast<std::uint64_t>(pending & low_bits(kRlwePrimeBits));
    pending >>= kRlwePrimeBits;
    bits -= kRlwePrimeBits;
  }
}

// round(2^80/Q · x) modulo 2^80. By the Chinese remainder theorem x/Q is Σ y_i/q_i modulo 1, with
// y_i = x·(Q/q_i)^-1 modulo q_i; fractions have 96 bits here.
Wide switched(std::span<const std::uint64_t, kRlwePrimes> x) {
  const Constants& c = constants();
  Wide sum = Wide{1} << 15;  // half of the last bit that is kept
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    const std::uint64_t y = modulus_of(i).mul(x[i], c.inverse_others[i]);
    sum += Wide{y} * c.fraction_high[i] + ((Wide{y} * c.fraction_low[i]) >> 64);
  }
  return (sum >> 16) & low_bits(kSwitchedBits);
}

void write_switched(Wide value, std::uint8_t* out) { std::memcpy(out, &value, kSwitchedBytes); }

Wide read_switched(const std::uint8_t* in) {
  Wide value = 0;
  std::memcpy(&value, in, kSwitchedBytes);
  return value;
}

std::array<std::uint64_t, kRlwePrimes> coefficient(const SecretRnsPoly& poly, std::size_t index) {
  std::array<std::uint64_t, kRlwePrimes> result;
  for (std::size_t i = 0; i < kRlwePrimes; ++i) result[i] = poly[i * kRlweSize + index];
  return result;
}

// Uniform in [-2^133, 2^133), modulo a prime, from 134 random bits.
std::uint64_t flood(std::span<const std::uint64_t, 3> random, std::size_t prime) {
  const Modulus& modulus = modulus_of(prime);
  const std::uint64_t top = random[2] & ((std::uint64_t{1} << (kFloodBits - 128)) - 1);
  const std::uint64_t high = modulus.reduce((Wide{top} << 64) | random[1]);
  const std::uint64_t value = modulus.reduce((Wide{high} << 64) | random[0]);
  const std::uint64_t centre = modulus.power(2, kFloodBits - 1);
  return modulus.sub(value, centre);
}

// sums + key·u, back to coefficients.
SecretRnsPoly randomised(std::span<const Wide> sums, const RnsPoly& key, const SecretRnsPoly& u) {
  SecretRnsPoly poly(kRnsSize);
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    const Modulus& modulus = modulus_of(i);
    for (std::size_t j = i * kRlweSize; j < (i + 1) * kRlweSize; ++j) {
      poly[j] = modulus.add(modulus.reduce(sums[j]), modulus.mul(key[j], u[j]));
    }
  }
  inverse(poly);
  return poly;
}

}  // namespace

std::span<const Ntt> rlwe_ntts() {
  static const std::vector<Ntt> made = [] {
    std::vector<Ntt> ntts;
    for (std::size_t i = 0; i < kRlwePrimes; ++i) {
      ntts.emplace_back(Modulus(kPrimes[i]), kRoots[i], kRlweSize);
    }
    return ntts;
  }();
  return made;
}

std::uint64_t rlwe_root(std::size_t prime) { return kRoots.at(prime); }

RlweCiphertext RlweCiphertext::parse(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != kUploadBytes) throw ProtocolError("a ciphertext of a wrong length");
  Block seed;
  std::memcpy(&seed, bytes.data(), sizeof seed);
  RlweCiphertext result{RnsPoly(kRnsSize), expanded(seed)};
  unpack(bytes.data() + sizeof seed, result.body);
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    for (const std::uint64_t value : part(result.body, i)) {
      if (value >= kPrimes[i]) throw ProtocolError("a ciphertext with an entry out of range");
    }
  }
  return result;
}

RlweSecretKey::RlweSecretKey(Randomness& random) {
  Prg prg(random.seed());
  coefficients_ = random_ternary(prg);
  transformed_ = transformed(coefficients_);
}

std::vector<std::uint8_t> RlweSecretKey::encrypt(std::span<const Ring> message, Prg& prg) const {
  if (message.size() > kRlweSize) throw std::invalid_argument("too long for a polynomial");
  const SecretVector<std::uint64_t> errors = random_words(prg, kRlweSize);
  SecretRnsPoly body(kRnsSize);
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    for (std::size_t j = 0; j < kRlweSize; ++j) {
      const std::uint64_t error = modulus_of(i).from_signed(small_error(errors[j]));
      const std::uint64_t signal = j < message.size() ? scaled(message[j], i) : 0;
      body[i * kRlweSize + j] = modulus_of(i).add(signal, error);
    }
  }
  forward(body);
  const Block seed = prg.block();
  const RnsPoly random = expanded(seed);
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    const Modulus& modulus = modulus_of(i);
    for (std::size_t j = i * kRlweSize; j < (i + 1) * kRlweSize; ++j) {
      body[j] = modulus.sub(body[j], modulus.mul(random[j], transformed_[j]));
    }
  }
  std::vector<std::uint8_t> bytes(kUploadBytes);
  std::memcpy(bytes.data(), &seed, sizeof seed);
  pack(body, bytes.data() + sizeof seed);
  return bytes;
}

std::vector<Ring> RlweSecretKey::decrypt(std::span<const std::uint8_t> answer,
                                         std::span<const std::size_t> wanted) const {
  if (answer.size() != answer_bytes(wanted.size()))
    throw ProtocolError("an answer of a wrong length");
  // c_1·s modulo 2^80, in three limbs whose products stay below q/2.
  constexpr unsigned kLimbBits = 27;
  const Ntt& ntt = rlwe_ntts()[0];
  const Modulus& modulus = ntt.modulus();
  const std::uint64_t q = modulus.q();
  SecretVector<Wide> product(wanted.size());
  for (unsigned shift = 0; shift < kSwitchedBits; shift += kLimbBits) {
    SecretVector<std::uint64_t> limb(kRlweSize);
    for (std::size_t j = 0; j < kRlweSize; ++j) {
      const Wide value = read_switched(answer.data() + j * kSwitchedBytes);
      limb[j] = static_cast<std::uint64_t>((value >> shift) & low_bits(kLimbBits));
    }
    ntt.forward(limb);
    for (std::size_t j = 0; j < kRlweSize; ++j) limb[j] = modulus.mul(limb[j], transformed_[j]);
    ntt.inverse(limb);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const std::uint64_t value = limb[wanted[i]];
      const std::uint64_t negative = 0 - ((q / 2 - value) >> 63);
      const Wide centred = Wide{value} - Wide{q & negative};
      product[i] += centred << shift;
    }
  }
  std::vector<Ring> result(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Wide body = read_switched(answer.data() + (kRlweSize + i) * kSwitchedBytes);
    result[i] = static_cast<Ring>((body + product[i] + (Wide{1} << 15)) >> 16);
  }
  return result;
}

RlweSum::RlweSum() : body_(kRnsSize), random_(kRnsSize) {}

void RlweSum::add(const RlweCiphertext& ciphertext, std::span<const Ring> factor) {
  SecretRnsPoly poly(kRnsSize);
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    for (std::size_t j = 0; j < kRlweSize; ++j) {
      poly[i * kRlweSize + j] = modulus_of(i).from_signed(factor[j]);
    }
  }
  forward(poly);
  for (std::size_t j = 0; j < kRnsSize; ++j) {
    body_[j] += Wide{ciphertext.body[j]} * poly[j];
    random_[j] += Wide{ciphertext.random[j]} * poly[j];
  }
}

std::vector<std::uint8_t> RlweSum::answer(const RlwePublicKey& key,
                                          std::span<const std::size_t> wanted,
                                          std::span<const Ring> masks, Prg& prg) const {
  const SecretRnsPoly u = transformed(random_ternary(prg));
  const SecretVector<std::uint64_t> errors = random_words(prg, kRlweSize);
  const SecretVector<std::uint64_t> floods = random_words(prg, 3 * wanted.size());
  const SecretRnsPoly body = randomised(body_, key.body, u);
  const SecretRnsPoly random = randomised(random_, key.random, u);
  std::vector<std::uint8_t> bytes(answer_bytes(wanted.size()));
  for (std::size_t j = 0; j < kRlweSize; ++j) {
    std::array<std::uint64_t, kRlwePrimes> x = coefficient(random, j);
    for (std::size_t i = 0; i < kRlwePrimes; ++i) {
      x[i] = modulus_of(i).add(x[i], modulus_of(i).from_signed(small_error(errors[j])));
    }
    write_switched(switched(x), bytes.data() + j * kSwitchedBytes);
  }
  for (std::size_t w = 0; w < wanted.size(); ++w) {
    std::array<std::uint64_t, kRlwePrimes> x = coefficient(body, wanted[w]);
    const std::span<const std::uint64_t, 3> bits(floods.data() + 3 * w, 3);
    for (std::size_t i = 0; i < kRlwePrimes; ++i) {
      const Modulus& modulus = modulus_of(i);
      x[i] = modulus.add(x[i], flood(bits, i));
      x[i] = modulus.sub(x[i], scaled(masks[w], i));
    }
    write_switched(switched(x), bytes.data() + (kRlweSize + w) * kSwitchedBytes);
  }
  return bytes;
}

}  // namespace duet
