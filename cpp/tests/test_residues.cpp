#include <array>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "duet/prg.h"
#include "duet/transform.h"
#include "residues.h"
#include "rlwe_ring.h"

namespace {

using namespace duet;
using Values = std::vector<std::uint64_t>;

// The largest and the smallest prime that may be used, besides those that are.
std::vector<Modulus> primes() {
  std::vector<Modulus> all(kModuli.begin(), kModuli.end());
  all.emplace_back((std::uint64_t{1} << 50) - 27);
  all.emplace_back((std::uint64_t{1} << 49) + 69);
  return all;
}

std::vector<Residues> engines(const Modulus& modulus) {
  std::vector<Residues> all{Residues(modulus, Residues::Engine::kPortable)};
  if (is_available(Transform::kIfma)) all.emplace_back(modulus, Residues::Engine::kIfma);
  return all;
}

// Some vectors of eight, and a rest.
constexpr std::size_t kSize = 8 * 40 + 5;

// Words at the ends of the range, and where their parts of 52 bits are; then random ones.
Values words(Prg& prg) {
  Values values;
  for (const std::uint64_t edge :
       {std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{1} << 52, std::uint64_t{1} << 50}) {
    for (const int step : {-1, 0, 1}) values.push_back(edge + static_cast<std::uint64_t>(step));
  }
  while (values.size() < kSize) values.push_back(prg.next());
  return values;
}

// Numbers below q, the first ones close to the ends and to the middle.
Values residues_below(Prg& prg, std::uint64_t q) {
  Values values{0, 1, q / 2 - 1, q / 2, q / 2 + 1, q - 2, q - 1, q - 1};
  while (values.size() < kSize) values.push_back(prg.next() % q);
  return values;
}

void words_are_reduced() {
  Prg prg(Block{1, 2});
  for (const Modulus& m : primes()) {
    const Values in = words(prg);
    for (const Residues& residues : engines(m)) {
      Values out(kSize);
      residues.from_unsigned(in, out);
      for (std::size_t i = 0; i < kSize; ++i) CHECK(out[i] == in[i] % m.q());
      residues.from_signed(in, out);
      const auto q = static_cast<std::int64_t>(m.q());
      for (std::size_t i = 0; i < kSize; ++i) {
        const auto x = static_cast<std::int64_t>(in[i]);
        CHECK(out[i] == static_cast<std::uint64_t>((x % q + q) % q));
      }
    }
  }
}

void factors_are_multiplied() {
  Prg prg(Block{3, 4});
  for (const Modulus& m : primes()) {
    const Values x = residues_below(prg, m.q());
    const Values y(x.rbegin(), x.rend());
    for (const Residues& residues : engines(m)) {
      for (const std::uint64_t f : {std::uint64_t{0}, std::uint64_t{1}, m.q() / 3, m.q() - 1}) {
        Values scaled = x;
        residues.scale(scaled, m.factor(f));
        for (std::size_t i = 0; i < kSize; ++i) {
          CHECK(scaled[i] == static_cast<std::uint64_t>(Wide{x[i]} * f % m.q()));
        }
      }
      Values product(kSize, 7);  // to be overwritten
      residues.multiply(x, y, product);
      for (std::size_t i = 0; i < kSize; ++i) {
        CHECK(product[i] == static_cast<std::uint64_t>(Wide{x[i]} * y[i] % m.q()));
      }
    }
  }
}

// Also where all are as large as they can be, and as many as are allowed.
void products_are_added_up() {
  Prg prg(Block{5, 6});
  for (const Modulus& m : primes()) {
    const Values largest(kSize, m.q() - 1);
    const Values some = residues_below(prg, m.q());
    for (const Residues& residues : engines(m)) {
      Values sums = largest;
      residues.add_products(std::vector(Residues::kMostProducts, Product{largest, largest}), sums);
      for (const std::uint64_t sum : sums) CHECK(sum == Residues::kMostProducts - 1);  // (-1)² each
      sums = some;
      residues.add_products(std::array{Product{some, largest}, Product{some, some}}, sums);
      for (std::size_t i = 0; i < kSize; ++i) {  // x - x + x²
        CHECK(sums[i] == static_cast<std::uint64_t>(Wide{some[i]} * some[i] % m.q()));
      }
      residues.add_products({}, sums);
      CHECK(sums[5] == 4 && sums[6] == 1);
    }
  }
}

// (x - r)/last, where r is what is closest to zero: what is left is a multiple of `last`.
void numbers_are_divided() {
  Prg prg(Block{7, 8});
  for (const Modulus& m : primes()) {
    for (const Modulus& last : primes()) {
      if (m.q() == last.q()) continue;
      const Values x = residues_below(prg, m.q());
      const Values rest = residues_below(prg, last.q());
      const std::uint64_t inverse = m.invert(last.q() % m.q());
      for (const Residues& residues : engines(m)) {
        Values quotient = x;
        residues.divide(quotient, rest, last, m.factor(inverse));
        for (std::size_t i = 0; i < kSize; ++i) {
          const bool is_negative = rest[i] > last.q() / 2;
          const std::uint64_t magnitude = is_negative ? last.q() - rest[i] : rest[i];
          const std::uint64_t back =
              static_cast<std::uint64_t>(Wide{quotient[i]} * last.q() % m.q());
          const std::uint64_t r = magnitude % m.q();
          CHECK(quotient[i] < m.q());
          CHECK((is_negative ? m.sub(back, r) : m.add(back, r)) == x[i]);
        }
      }
    }
  }
}

void other_primes_are_refused() {
  for (const std::uint64_t q : {std::uint64_t{12289}, (std::uint64_t{1} << 50) + 55}) {
    message_of<std::invalid_argument>([&] { Residues(Modulus(q), Residues::Engine::kPortable); });
  }
}

}  // namespace

int main() {
  words_are_reduced();
  factors_are_multiplied();
  products_are_added_up();
  numbers_are_divided();
  other_primes_are_refused();
}
