#include "convolution.h"

#include <array>

#include "rlwe_ring.h"

namespace duet {
namespace {

// Those of the lattice encryption, and the next one: 250 bits in all.
constexpr std::array<Modulus, kRlwePrimes + 1> kPrimes{kModuli[0], kModuli[1], kModuli[2],
                                                       kModuli[3], Modulus(1125899905220609)};
constexpr unsigned kBitsPerPrime = 49;  // each has at least so many, less than one bit in all

// Transforms cost more than they save below, and their vectorised ones need 16 values.
constexpr std::size_t kShortRow = 8;

// A primitive root of unity of order 2·size.
std::uint64_t root_of_unity(const Modulus& modulus, std::size_t size) {
  for (std::uint64_t candidate = 2;; ++candidate) {
    const std::uint64_t root = modulus.power(candidate, (modulus.q() - 1) / (2 * size));
    if (modulus.power(root, size) == modulus.q() - 1) return root;
  }
}

std::uint64_t remainder(const Int256& x, const Modulus& modulus) {
  std::uint64_t r = 0;
  for (std::size_t limb = x.limbs.size(); limb-- > 0;) {
    r = modulus.reduce(Wide{r} << 64 | x.limbs[limb]);
  }
  return r;
}

}  // namespace

Convolution::Convolution(std::size_t row, unsigned total_bits) : row_(row) {
  if (row < kShortRow) {
    direct_.resize(2 * row);
    return;
  }
  const std::size_t primes = (total_bits + kBitsPerPrime) / kBitsPerPrime;
  for (std::size_t i = 0; i < primes; ++i) {
    const Modulus& modulus = kPrimes.at(i);
    const Int256 before = i == 0 ? Int256::of(1) : products_.back() * kPrimes.at(i - 1).q();
    ntts_.emplace_back(modulus, root_of_unity(modulus, 2 * row), 2 * row);
    sums_.emplace_back(2 * row);
    products_.push_back(before);
    inverses_.push_back(modulus.invert(remainder(before, modulus)));
  }
}

void Convolution::add(std::span<const Wide> a, std::span<const Wide> b) {
  if (ntts_.empty()) {
    for (std::size_t i = 0; i < row_; ++i) {
      for (std::size_t j = 0; j < row_; ++j) direct_[i + j] += Int256::of(a[i]) * b[j];
    }
    return;
  }
  SecretVector<std::uint64_t> x(2 * row_);
  SecretVector<std::uint64_t> y(2 * row_);
  for (std::size_t prime = 0; prime < ntts_.size(); ++prime) {
    const Modulus& modulus = ntts_[prime].modulus();
    for (std::size_t i = 0; i < row_; ++i) {
      x[i] = modulus.reduce(a[i]);
      y[i] = modulus.reduce(b[i]);
      x[row_ + i] = y[row_ + i] = 0;
    }
    ntts_[prime].forward(x);
    ntts_[prime].forward(y);
    SecretVector<std::uint64_t>& sum = sums_[prime];
    for (std::size_t i = 0; i < sum.size(); ++i) {
      sum[i] = modulus.add(sum[i], modulus.mul(x[i], y[i]));
    }
  }
}

SecretVector<Int256> Convolution::result() const {
  if (ntts_.empty()) return direct_;
  std::vector<SecretVector<std::uint64_t>> residues = sums_;
  for (std::size_t prime = 0; prime < ntts_.size(); ++prime) {
    ntts_[prime].inverse(residues[prime]);
  }
  // Garner: digit by digit, to the bases of the primes.
  SecretVector<Int256> coefficients(2 * row_);
  for (std::size_t i = 0; i < coefficients.size(); ++i) {
    for (std::size_t prime = 0; prime < ntts_.size(); ++prime) {
      const Modulus& modulus = ntts_[prime].modulus();
      const std::uint64_t missing =
          modulus.sub(residues[prime][i], remainder(coefficients[i], modulus));
      coefficients[i] += products_[prime] * modulus.mul(missing, inverses_[prime]);
    }
  }
  return coefficients;
}

}  // namespace duet
