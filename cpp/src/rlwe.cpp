#include "rlwe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "duet/errors.h"

namespace duet {
namespace {

constexpr unsigned kFloodBits = 134;  // uniform in [-2^133, 2^133); see docs/rlwe.md

// The deviation of the noise of one product of an upload with a uniform factor: of N products of an
// error, of variance 10.5, and a coefficient of variance 2^126 / 3.
const double kNoiseDeviation = std::sqrt(10.5 * kRlweSize / 3) * 0x1p63;
constexpr double kOtherNoise = 0x1p20;  // at most: rounding, and from making an answer look fresh

Wide low_bits(unsigned bits) { return (Wide{1} << bits) - 1; }

// Precomputed for scaling by Q/2^64, and by 2^80/q, where q is the product of the first two primes.
struct Constants {
  constexpr Constants() {
    std::uint64_t product = 1;  // Q modulo 2^64
    for (std::size_t i = 0; i < kRlwePrimes; ++i) product *= kModuli[i].q();
    modulus_low = product;
    for (std::size_t i = 0; i < kRlwePrimes; ++i) {
      const Modulus& modulus = kModuli[i];
      const auto two64 = static_cast<std::uint64_t>((Wide{1} << 64) % modulus.q());
      inverse_two64[i] = modulus.factor(modulus.invert(two64));
      flood_centre[i] = modulus.power(2, kFloodBits - 1);
      for (std::size_t j = 0; j < kRlwePrimes; ++j) {
        const std::uint64_t other = modulus.reduce(kModuli[j].q());
        inverse_primes[i][j] = modulus.factor(modulus.invert(other));
      }
    }
    for (std::size_t i = 0; i < kPackingPrimes; ++i) {
      const Modulus& modulus = kModuli[i];
      // floor(2^160 / q), by long division in words of 32 bits
      Wide rest = 0;
      std::array<std::uint64_t, 6> words{};
      for (std::size_t word = 0; word < words.size(); ++word) {
        rest = (rest << 32) | (word == 0 ? Wide{1} : Wide{0});
        words[word] = static_cast<std::uint64_t>(rest / modulus.q());
        rest %= modulus.q();
      }
      fraction_high[i] = (words[2] << 32) | words[3];
      fraction_low[i] = (words[4] << 32) | words[5];
    }
  }

  std::uint64_t modulus_low = 0;
  std::array<Factor, kRlwePrimes> inverse_two64{};
  std::array<std::uint64_t, kRlwePrimes> flood_centre{};
  std::array<std::array<Factor, kRlwePrimes>, kRlwePrimes> inverse_primes{};  // of j, modulo i
  std::array<std::uint64_t, kPackingPrimes> fraction_high{};
  std::array<std::uint64_t, kPackingPrimes> fraction_low{};
};
static_assert(kPackingPrimes == 2);

constexpr Constants kConstants;

// round(Q/2^64 · m) modulo a prime. With r = Q·m modulo 2^64, between -2^63 and 2^63, that is
// (Q·m - r) / 2^64, and Q is 0 modulo the prime.
std::uint64_t scaled(Ring message, std::size_t prime) {
  const Modulus& modulus = kModuli[prime];
  const std::uint64_t rest = kConstants.modulus_low * message;
  return modulus.mul(modulus.neg(modulus.from_signed(rest)), kConstants.inverse_two64[prime]);
}

// A coefficient modulo all primes, and divided by the last ones and rounded.
using Coefficient = std::array<std::uint64_t, kRlwePrimes>;

Coefficient coefficient(const SecretRnsPoly& poly, std::size_t index) {
  Coefficient result;
  for (std::size_t i = 0; i < kRlwePrimes; ++i) result[i] = poly[i * kRlweSize + index];
  return result;
}

Coefficient reduced(Coefficient x) {
  for (std::size_t last = kRlwePrimes - 1; last >= kPackingPrimes; --last) {
    const std::uint64_t rest = kModuli[last].centred(x[last]);
    for (std::size_t i = 0; i < last; ++i) {
      const Modulus& modulus = kModuli[i];
      const Factor inverse = kConstants.inverse_primes[i][last];
      x[i] = modulus.mul(modulus.sub(x[i], modulus.from_centred(rest)), inverse);
    }
  }
  return x;
}

// round(2^80/q · x) modulo 2^80. By the Chinese remainder theorem x/q is Σ y_i/q_i modulo 1, with
// y_i = x·(q/q_i)^-1 modulo q_i; fractions have 96 bits here.
Wide switched(const SecretRnsPoly& poly, std::size_t index) {
  Wide sum = Wide{1} << 15;  // half of the last bit that is kept
  for (std::size_t i = 0; i < kPackingPrimes; ++i) {
    const std::uint64_t y =
        kModuli[i].mul(poly[i * kRlweSize + index], kConstants.inverse_primes[i][1 - i]);
    sum += Wide{y} * kConstants.fraction_high[i] + ((Wide{y} * kConstants.fraction_low[i]) >> 64);
  }
  return (sum >> 16) & low_bits(kSwitchedBits);
}

void write_switched(Wide value, std::uint8_t* out) { std::memcpy(out, &value, kSwitchedBytes); }

Wide read_switched(const std::uint8_t* in) {
  Wide value = 0;
  std::memcpy(&value, in, kSwitchedBytes);
  return value;
}

// Uniform in [-2^133, 2^133), modulo a prime, from 134 random bits.
std::uint64_t flood(std::span<const std::uint64_t, 3> random, std::size_t prime) {
  const Modulus& modulus = kModuli[prime];
  const std::uint64_t top = random[2] & ((std::uint64_t{1} << (kFloodBits - 128)) - 1);
  const std::uint64_t high = modulus.reduce((Wide{top} << 64) | random[1]);
  const std::uint64_t value = modulus.reduce((Wide{high} << 64) | random[0]);
  return modulus.sub(value, kConstants.flood_centre[prime]);
}

// sums + key·u, back to coefficients.
SecretRnsPoly randomised(std::span<const Wide> sums, const RnsPoly& key, const SecretRnsPoly& u) {
  SecretRnsPoly poly(sums.size());
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    const Modulus& modulus = kModuli[i];
    for (std::size_t j = i * kRlweSize; j < (i + 1) * kRlweSize; ++j) {
      poly[j] = modulus.reduce(sums[j] + Wide{key[j]} * u[j]);
    }
  }
  to_coefficients(poly);
  return poly;
}

void put(const Coefficient& x, std::size_t index, SecretRnsPoly& poly) {
  for (std::size_t i = 0; i < kPackingPrimes; ++i) poly[i * kRlweSize + index] = x[i];
}

}  // namespace

// The flood is uniform in an interval: shifted by x, it is at the distance |x| / (the interval's
// length), and E|x| is at most the deviation of x.
double flooding_distance(std::size_t uploads) {
  const double shift = std::sqrt(static_cast<double>(uploads)) * kNoiseDeviation + kOtherNoise;
  return std::ldexp(shift, -static_cast<int>(kFloodBits));
}

RlweSecretKey::RlweSecretKey(Randomness& random) {
  Prg prg(random.seed());
  coefficients_ = random_ternary(prg);
  transformed_ = transformed(coefficients_, kRlwePrimes);
}

std::vector<std::uint8_t> RlweSecretKey::public_key(Prg& prg) const {
  std::vector<std::uint8_t> bytes = encrypt({}, prg);
  const std::vector<std::uint8_t> packing = PackingKeys::make(coefficients_, transformed_, prg);
  bytes.insert(bytes.end(), packing.begin(), packing.end());
  return bytes;
}

RlwePublicKey RlwePublicKey::parse(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != kPublicKeyBytes) throw ProtocolError("a public key of a wrong length");
  return {RlweCiphertext::parse(bytes.first(kUploadBytes), kRlwePrimes),
          PackingKeys::parse(bytes.subspan(kUploadBytes))};
}

std::vector<std::uint8_t> RlweSecretKey::encrypt(std::span<const Ring> message, Prg& prg) const {
  if (message.size() > kRlweSize) throw std::invalid_argument("too long for a polynomial");
  const SecretVector<std::uint64_t> errors = random_words(prg, kRlweSize);
  SecretRnsPoly poly(kRlwePrimes * kRlweSize);
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    for (std::size_t j = 0; j < kRlweSize; ++j) {
      const std::uint64_t error = kModuli[i].from_centred(small_error(errors[j]));
      const std::uint64_t signal = j < message.size() ? scaled(message[j], i) : 0;
      poly[i * kRlweSize + j] = kModuli[i].add(signal, error);
    }
  }
  return encrypt_symmetric(std::move(poly), transformed_, prg);
}

std::vector<Ring> RlweSecretKey::decrypt(std::span<const std::uint8_t> answer,
                                         std::span<const std::size_t> wanted) const {
  if (answer.size() != answer_bytes(wanted.size()))
    throw ProtocolError("an answer of a wrong length");
  // c_1·s modulo 2^80, in three limbs whose products stay below q/2.
  constexpr unsigned kLimbBits = 27;
  const Ntt& ntt = rlwe_ntts()[0];
  const Modulus& modulus = ntt.modulus();
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
      const auto centred = static_cast<std::int64_t>(modulus.centred(limb[wanted[i]]));
      product[i] += static_cast<Wide>(centred) << shift;
    }
  }
  std::vector<Ring> result(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Wide body = read_switched(answer.data() + (kRlweSize + i) * kSwitchedBytes);
    result[i] = static_cast<Ring>((body + product[i] + (Wide{1} << 15)) >> 16);
  }
  return result;
}

RlweSum::RlweSum() : body_(kRlwePrimes * kRlweSize), random_(kRlwePrimes * kRlweSize) {}

void RlweSum::add(const RlweCiphertext& ciphertext, std::span<const Ring> factor,
                  std::size_t prime) {
  const Modulus& modulus = kModuli[prime];
  SecretVector<std::uint64_t> poly(kRlweSize);
  std::transform(factor.begin(), factor.end(), poly.begin(),
                 [&](Ring x) { return modulus.from_signed(x); });
  rlwe_ntts()[prime].forward(poly);
  for (std::size_t j = 0; j < kRlweSize; ++j) {
    const std::size_t at = prime * kRlweSize + j;
    body_[at] += Wide{ciphertext.body[at]} * poly[j];
    random_[at] += Wide{ciphertext.random[at]} * poly[j];
  }
}

PackedCiphertext RlweSum::masked(const RlwePublicKey& key, std::span<const std::size_t> wanted,
                                 std::span<const Ring> masks, Prg& prg) const {
  const SecretRnsPoly u = transformed(random_ternary(prg), kRlwePrimes);
  const SecretVector<std::uint64_t> errors = random_words(prg, kRlweSize);
  const SecretVector<std::uint64_t> floods = random_words(prg, 3 * wanted.size());
  const SecretRnsPoly body = randomised(body_, key.zero.body, u);
  const SecretRnsPoly random = randomised(random_, key.zero.random, u);
  PackedCiphertext result{SecretRnsPoly(kPackingPrimes * kRlweSize),
                          SecretRnsPoly(kPackingPrimes * kRlweSize)};
  for (std::size_t j = 0; j < kRlweSize; ++j) {
    Coefficient x = coefficient(random, j);
    for (std::size_t i = 0; i < kRlwePrimes; ++i) {
      x[i] = kModuli[i].add(x[i], kModuli[i].from_centred(small_error(errors[j])));
    }
    put(reduced(x), j, result.random);
  }
  for (std::size_t w = 0; w < wanted.size(); ++w) {
    Coefficient x = coefficient(body, wanted[w]);
    const std::span<const std::uint64_t, 3> bits(floods.data() + 3 * w, 3);
    for (std::size_t i = 0; i < kRlwePrimes; ++i) {
      const Modulus& modulus = kModuli[i];
      x[i] = modulus.sub(modulus.add(x[i], flood(bits, i)), scaled(masks[w], i));
    }
    put(reduced(x), wanted[w], result.body);
  }
  return result;
}

std::vector<std::uint8_t> answer_of(const PackedCiphertext& ciphertext,
                                    std::span<const std::size_t> wanted) {
  std::vector<std::uint8_t> bytes(answer_bytes(wanted.size()));
  std::uint8_t* out = bytes.data();
  for (std::size_t j = 0; j < kRlweSize; ++j, out += kSwitchedBytes) {
    write_switched(switched(ciphertext.random, j), out);
  }
  for (const std::size_t index : wanted) {
    write_switched(switched(ciphertext.body, index), out);
    out += kSwitchedBytes;
  }
  return bytes;
}

}  // namespace duet
