// How often cheats are accepted whose polynomials are not the sums of products that they should be:
// exactly as often as theorem 2 of docs/client-proofs.md says, neither more often nor less.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "check.h"
#include "proof_evaluation.h"
#include "proofs.h"

namespace {

using namespace duet;

// Adds to a coefficient of a proof's polynomial.
void add_to(SecretVector<std::uint8_t>& proof, std::size_t coefficient, const Int256& x) {
  std::uint8_t* const at = proof.data() + 32 * coefficient;
  (Int256::load(at) + x).store(at);
}

// The best that a client can do that knows the prime: its polynomial differs from the right one by
// one that vanishes at as many points as it has roots. Of 7,680 points so many accept, not one more
// or less; and if the difference is a multiple of the prime, all do. Of a prime that it does not
// know, none do.
void cheats_that_know_the_prime() {
  constexpr std::uint64_t kPoints = 7680;
  const Norm norm(60, 80, 16, 20);
  const Prime61 known(2305843009213693951ULL);
  const std::size_t coefficients = norm.layout.coefficients();
  // (t - 1)(t - 3)(t - 5)..., of the highest degree.
  std::vector<std::uint64_t> roots_at{1};
  for (std::uint64_t root = 1; roots_at.size() < coefficients; root += 2) {
    roots_at.insert(roots_at.begin(), 0);
    for (std::size_t i = 0; i + 1 < roots_at.size(); ++i) {
      roots_at[i] = known.sub(roots_at[i], known.mul(root, roots_at[i + 1]));
    }
  }
  ProvenUpload upload = uploaded(norm.layout, norm.values);
  for (std::size_t i = 0; i < coefficients; ++i) {
    add_to(upload.proof, i, Int256::of(roots_at[i]));
  }
  // Its statement would be false: the coefficient with the inner product moves the norm. So that
  // this test is about the polynomial alone, the constant follows.
  std::vector<ProofStatement> statements = norm.layout.statements();
  statements[0].constant =
      constant(Int256::load(statements[0].constant.data()) + (Int256::of(roots_at[15]) << 1) +
               (Int256::of(roots_at[32]) << 1));
  const ProofLayout layout(norm.layout.vectors(), statements, {});
  std::size_t count = 0;
  for (std::uint64_t point = 1; point <= kPoints; ++point) {
    count += accepted(layout, upload, ProofPoint(layout, known, point));
  }
  CHECK(count == coefficients - 1);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CHECK(!accepted(layout, upload, ProofPoint(layout, Block{seed, 1})));
  }

  ProvenUpload multiple = uploaded(norm.layout, norm.values);
  add_to(multiple.proof, 3, Int256::of(known.p()) * std::uint64_t{12345});
  CHECK(accepted(norm.layout, multiple, ProofPoint(norm.layout, known, 99)));
  CHECK(!accepted(norm.layout, multiple));
}

// Primes of 13 bits in place of those of 61, so that cheats succeed often enough to be counted. The
// engine computes modulo 2^48·p, which has 61 bits, too (its arithmetic needs no prime), and what a
// cheat adds to its polynomial is D = 2^48·E: modulo 2^48·p, D(r) is 0 if and only if E(r) is 0
// modulo p.
constexpr unsigned kShift = 48;
constexpr std::uint64_t kBelow = 1 << 12;  // the primes lie between this and its double

std::vector<std::uint64_t> small_primes() {
  std::vector<std::uint64_t> primes;
  for (std::uint64_t p = kBelow; p < 2 * kBelow; ++p) {
    if (is_prime(p)) primes.push_back(p);
  }
  return primes;
}

// What is left of 256 bits for E, with some room for the right polynomial.
constexpr unsigned kBits = 254 - kShift;
bool fits(const Int256& x) {  // in two's complement, |x| < 2^kBits
  return (x + (Int256::of(1) << kBits)).limbs[3] >> (kBits + 1 - 192) == 0;
}

constexpr std::size_t kRow = 8;
constexpr std::size_t kRoots =
    2 * kRow - 1;  // as many as a polynomial with 2·kRow coefficients has

// A polynomial of which most is known that E is made of: E is this one times as many primes as fit.
struct Cheat {
  std::vector<std::int64_t> polynomial;
  std::function<std::uint64_t(std::uint64_t prime)> roots;  // how many, among 1, 2, ..., p - 1
};

// With one bit to a coefficient most primes fit. The coefficient of t^(kRow-1) is a row's inner
// product, so that a false statement needs it. Some roots, too: all r with r^kRow = 1.
Cheat with_most_primes() {
  Cheat cheat{std::vector<std::int64_t>(2 * kRow),
              [](std::uint64_t p) { return std::gcd(p - 1, std::uint64_t{kRow}); }};
  cheat.polynomial[kRow - 1] = -1;
  cheat.polynomial[2 * kRow - 1] = 1;
  return cheat;
}

// (t - 1)(t + 1)(t - 2)(t + 2)..., with small coefficients for that many roots.
Cheat with_most_roots() {
  std::vector<std::int64_t> polynomial{1};
  for (std::int64_t i = 2; polynomial.size() < 2 * kRow; ++i) {
    const std::int64_t root = i % 2 == 0 ? i / 2 : -(i / 2);
    polynomial.insert(polynomial.begin(), 0);
    for (std::size_t k = 0; k + 1 < polynomial.size(); ++k) {
      polynomial[k] -= root * polynomial[k + 1];
    }
  }
  return {polynomial, [](std::uint64_t) { return kRoots; }};
}

void cheats_that_do_not_know_the_prime() {
  constexpr int kTries = 100'000;
  const std::vector<std::uint64_t> primes = small_primes();
  const auto number = static_cast<double>(primes.size());
  const Values values = random_entries(20, 24, 1);
  const Int256 norm = squared_norm(values);
  const auto layout_for = [](const Int256& squares) {
    return ProofLayout({{20, 80, kRow}}, {{{{0, 1, 0}}, constant(squares)}}, {});
  };
  Prg coins({13, 48});
  for (const Cheat& cheat : {with_most_primes(), with_most_roots()}) {
    std::vector<Int256> difference;
    for (const std::int64_t coefficient : cheat.polynomial) {
      difference.push_back(Int256::of_signed(coefficient));
    }
    // Theory: a prime that divides E accepts at every point, another one at the roots.
    double divisors = 0;
    double rate = 0;
    for (const std::uint64_t p : primes) {
      const auto multiple = [&](const Int256& x) { return x * p; };
      if (std::ranges::all_of(difference, fits, multiple)) {
        std::ranges::transform(difference, difference.begin(), multiple);
        divisors += 1;
        rate += 1 / number;
      } else {
        rate += static_cast<double>(cheat.roots(p)) / static_cast<double>(p - 1) / number;
      }
    }
    // No cheat is better than this, theorem 2: so many primes of at least 12 bits divide a number
    // below 2^kBits, and there are no more roots.
    const double most = kBits / 12 / number + kRoots / static_cast<double>(kBelow);
    CHECK(rate > 0.75 * most && rate < most);

    // |x|^2 is said to be something else than what it is, by twice the inner product's error.
    const ProofLayout layout = layout_for(norm + (difference[kRow - 1] << (kShift + 1)));
    ProvenUpload upload = uploaded(layout, values);
    CHECK(!accepted(layout, upload));
    for (std::size_t i = 0; i < difference.size(); ++i) {
      add_to(upload.proof, i, difference[i] << kShift);
    }
    CHECK(!accepted(layout, upload));  // with a prime of 61 bits
    int count = 0;
    for (int i = 0; i < kTries; ++i) {
      const std::uint64_t p = primes[coins.next() % primes.size()];
      const std::uint64_t point = 1 + coins.next() % (p - 1);
      count += accepted(layout, upload, ProofPoint(layout, Prime61(p << kShift), point));
    }
    const double expected = kTries * rate;
    const double deviation = std::sqrt(expected * (1 - rate));
    std::printf("%g of %zu primes and up to %zu roots: accepted %d of %d times, expected %.0f\n",
                divisors, primes.size(), kRoots, count, kTries, expected);
    CHECK(std::abs(count - expected) < 3 * deviation);
  }
}

}  // namespace

int main() {
  cheats_that_know_the_prime();
  cheats_that_do_not_know_the_prime();
}
