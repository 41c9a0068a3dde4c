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
      minus_inverse_two64[i] = modulus.factor(modulus.neg(modulus.invert(two64)));
      two64s[i] = modulus.factor(two64);
      two128s[i] = modulus.factor(modulus.power(2, 128));
      minus_flood_centre[i] = modulus.neg(modulus.power(2, kFloodBits - 1));
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
  std::array<Factor, kRlwePrimes> minus_inverse_two64{};
  std::array<Factor, kRlwePrimes> two64s{};
  std::array<Factor, kRlwePrimes> two128s{};
  std::array<std::uint64_t, kRlwePrimes> minus_flood_centre{};
  std::array<std::array<Factor, kRlwePrimes>, kRlwePrimes> inverse_primes{};  // of j, modulo i
  std::array<std::uint64_t, kPackingPrimes> fraction_high{};
  std::array<std::uint64_t, kPackingPrimes> fraction_low{};
};
static_assert(kPackingPrimes == 2);

constexpr Constants kConstants;

// Q·m modulo 2^64, for all coefficients of a message.
SecretVector<std::uint64_t> rests_of(std::span<const Ring> message) {
  SecretVector<std::uint64_t> rests(message.begin(), message.end());
  for (std::uint64_t& rest : rests) rest *= kConstants.modulus_low;
  return rests;
}

// round(Q/2^64 · m) modulo a prime. With r = Q·m modulo 2^64, between -2^63 and 2^63, that is
// (Q·m - r) / 2^64, and Q is 0 modulo the prime.
void scaled(std::span<const std::uint64_t> rests, std::size_t prime, std::span<std::uint64_t> out) {
  const Residues& residues = rlwe_residues()[prime];
  residues.from_signed(rests, out);
  residues.scale(out, kConstants.minus_inverse_two64[prime]);
}

// Entries modulo all primes, divided by the last ones and rounded: right modulo the first ones.
void divide_by_last(SecretRnsPoly& values) {
  const std::size_t size = values.size() / kRlwePrimes;
  const auto modulo = [&](std::size_t prime) {
    return std::span(values).subspan(prime * size, size);
  };
  for (std::size_t last = kRlwePrimes - 1; last >= kPackingPrimes; --last) {
    for (std::size_t i = 0; i < last; ++i) {
      rlwe_residues()[i].divide(modulo(i), modulo(last), kModuli[last],
                                kConstants.inverse_primes[i][last]);
    }
  }
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

// Numbers uniform in [-2^133, 2^133), of 134 random bits each.
class Floods {
 public:
  Floods(Prg& prg, std::size_t count) : low_(count), middle_(count), top_(count) {
    const SecretVector<std::uint64_t> random = random_words(prg, 3 * count);
    for (std::size_t i = 0; i < count; ++i) {
      low_[i] = random[3 * i];
      middle_[i] = random[3 * i + 1];
      top_[i] = random[3 * i + 2] & ((std::uint64_t{1} << (kFloodBits - 128)) - 1);
    }
  }

  // Adds them to `sums`, modulo a prime.
  void add_to(std::span<std::uint64_t> sums, std::size_t prime) const {
    const Residues& residues = rlwe_residues()[prime];
    const Modulus& modulus = kModuli[prime];
    SecretVector<std::uint64_t> low(sums.size());
    SecretVector<std::uint64_t> middle(sums.size());
    SecretVector<std::uint64_t> top = top_;
    residues.from_unsigned(low_, low);
    residues.from_unsigned(middle_, middle);
    residues.scale(middle, kConstants.two64s[prime]);
    residues.scale(top, kConstants.two128s[prime]);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const std::uint64_t upper = modulus.add(middle[i], top[i]);
      const std::uint64_t lower = modulus.add(low[i], kConstants.minus_flood_centre[prime]);
      sums[i] = modulus.add(sums[i], modulus.add(upper, lower));
    }
  }

 private:
  SecretVector<std::uint64_t> low_;
  SecretVector<std::uint64_t> middle_;
  SecretVector<std::uint64_t> top_;
};

// sums + key·u, back to coefficients.
void randomise(SecretRnsPoly& sums, const RnsPoly& key, const SecretRnsPoly& u) {
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    rlwe_residues()[i].add_products(std::array{Product{part(key, i), part(u, i)}}, part(sums, i));
  }
  to_coefficients(sums);
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
  const SecretVector<std::uint64_t> errors = small_errors(prg);
  const SecretVector<std::uint64_t> rests = rests_of(message);
  SecretRnsPoly poly(kRlwePrimes * kRlweSize);
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    scaled(rests, i, part(poly, i).first(message.size()));
  }
  add_errors(poly, errors);
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
  SecretVector<std::uint64_t> limb(kRlweSize);
  SecretVector<std::uint64_t> multiplied(kRlweSize);
  for (unsigned shift = 0; shift < kSwitchedBits; shift += kLimbBits) {
    for (std::size_t j = 0; j < kRlweSize; ++j) {
      const Wide value = read_switched(answer.data() + j * kSwitchedBytes);
      limb[j] = static_cast<std::uint64_t>((value >> shift) & low_bits(kLimbBits));
    }
    ntt.forward(limb);
    rlwe_residues()[0].multiply(limb, part(transformed_, 0), multiplied);
    ntt.inverse(multiplied);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto centred = static_cast<std::int64_t>(modulus.centred(multiplied[wanted[i]]));
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

void transform_factor(std::span<const Ring> factor, std::size_t prime,
                      std::span<std::uint64_t> out) {
  rlwe_residues()[prime].from_signed(factor, out);
  rlwe_ntts()[prime].forward(out);
}

RlweSum::RlweSum() : body_(kRlwePrimes * kRlweSize), random_(kRlwePrimes * kRlweSize) {}

void RlweSum::clear() {
  std::fill(body_.begin(), body_.end(), 0);
  std::fill(random_.begin(), random_.end(), 0);
}

void RlweSum::add(std::span<const RlweTerm> terms, std::size_t prime) {
  const Residues& residues = rlwe_residues()[prime];
  std::vector<Product> body;
  std::vector<Product> random;
  for (const RlweTerm& term : terms) {
    body.push_back({term.factor, part(term.ciphertext->body, prime)});
    random.push_back({term.factor, part(term.ciphertext->random, prime)});
  }
  residues.add_products(body, part(body_, prime));
  residues.add_products(random, part(random_, prime));
}

void RlweSum::mask(const RlwePublicKey& key, std::span<const std::size_t> wanted,
                   std::span<const Ring> masks, Prg& prg, PackedCiphertext& out) {
  const SecretRnsPoly u = transformed(random_ternary(prg), kRlwePrimes);
  const SecretVector<std::uint64_t> errors = small_errors(prg);
  const Floods floods(prg, wanted.size());
  randomise(random_, key.zero.random, u);
  add_errors(random_, errors);
  divide_by_last(random_);
  randomise(body_, key.zero.body, u);
  const SecretVector<std::uint64_t> rests = rests_of(masks);
  SecretVector<std::uint64_t> subtracted(wanted.size());
  SecretRnsPoly taken(kRlwePrimes * wanted.size());  // what is wanted of the body
  for (std::size_t i = 0; i < kRlwePrimes; ++i) {
    const auto values = std::span(taken).subspan(i * wanted.size(), wanted.size());
    scaled(rests, i, subtracted);
    for (std::size_t w = 0; w < wanted.size(); ++w) {
      values[w] = kModuli[i].sub(part(body_, i)[wanted[w]], subtracted[w]);
    }
    floods.add_to(values, i);
  }
  divide_by_last(taken);

  std::copy_n(random_.begin(), out.random.size(), out.random.begin());
  std::fill(out.body.begin(), out.body.end(), 0);
  for (std::size_t i = 0; i < kPackingPrimes; ++i) {
    for (std::size_t w = 0; w < wanted.size(); ++w) {
      part(out.body, i)[wanted[w]] = taken[i * wanted.size() + w];
    }
  }
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
