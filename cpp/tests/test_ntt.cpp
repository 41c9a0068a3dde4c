#include <cstdint>
#include <vector>

#include "check.h"
#include "duet/aes.h"
#include "duet/prg.h"
#include "ntt.h"
#include "rlwe.h"

namespace {

using namespace duet;

std::vector<std::uint64_t> random_values(Prg& prg, const Modulus& modulus, std::size_t size) {
  std::vector<std::uint64_t> values(size);
  for (std::uint64_t& value : values) value = modulus.reduce(prg.next());
  return values;
}

void arithmetic_is_modular() {
  Prg prg(Block{1, 2});
  for (const Ntt& ntt : rlwe_ntts()) {
    const Modulus& m = ntt.modulus();
    for (int i = 0; i < 1000; ++i) {
      const std::uint64_t x = prg.next();
      const std::uint64_t y =
          i < 4 ? ~std::uint64_t{0} - static_cast<std::uint64_t>(i) : prg.next();
      CHECK(m.reduce(y) == y % m.q());
      CHECK(m.reduce(Wide{x} * y) == static_cast<std::uint64_t>(Wide{x} * y % m.q()));
      CHECK(m.mul(x, m.factor(y % m.q())) ==
            static_cast<std::uint64_t>(Wide{x % m.q()} * (y % m.q()) % m.q()));
      const auto s = static_cast<std::int64_t>(y);
      const auto q = static_cast<std::int64_t>(m.q());
      CHECK(m.from_signed(y) == static_cast<std::uint64_t>((s % q + q) % q));
    }
    CHECK(m.from_signed(std::uint64_t{1} << 63) == m.neg((std::uint64_t{1} << 63) % m.q()));
    CHECK(m.neg(0) == 0 && m.sub(3, 3) == 0 && m.from_signed(0) == 0);
    CHECK(m.mul(m.invert(12345), 12345) == 1);
  }
}

void transforms_multiply_polynomials() {
  Prg prg(Block{3, 4});
  constexpr std::size_t kSize = 64;
  const Ntt& large = rlwe_ntts()[0];
  const Modulus& m = large.modulus();
  const Ntt ntt(m, m.power(rlwe_root(0), kRlweSize / kSize), kSize);
  std::vector<std::uint64_t> a = random_values(prg, m, kSize);
  std::vector<std::uint64_t> b = random_values(prg, m, kSize);
  std::vector<std::uint64_t> expected(kSize, 0);
  for (std::size_t i = 0; i < kSize; ++i) {
    for (std::size_t j = 0; j < kSize; ++j) {
      const std::uint64_t term = m.mul(a[i], b[j]);
      std::uint64_t& target = expected[(i + j) % kSize];
      target = i + j < kSize ? m.add(target, term) : m.sub(target, term);
    }
  }
  ntt.forward(a);
  ntt.forward(b);
  for (std::size_t i = 0; i < kSize; ++i) a[i] = m.mul(a[i], b[i]);
  ntt.inverse(a);
  CHECK(a == expected);
}

// Also at the largest values.
void engines_agree() {
  if (!cpu_features().avx512_ifma) return;
  Prg prg(Block{7, 8});
  for (std::size_t prime = 0; prime < kRlwePrimes; ++prime) {
    const Modulus& m = kModuli[prime];
    const Ntt fast(m, rlwe_root(prime), kRlweSize, Ntt::Engine::kIfma);
    const Ntt portable(m, rlwe_root(prime), kRlweSize, Ntt::Engine::kPortable);
    for (const bool is_random : {true, false}) {
      const std::vector<std::uint64_t> values =
          is_random ? random_values(prg, m, kRlweSize)
                    : std::vector<std::uint64_t>(kRlweSize, m.q() - 1);
      std::vector<std::uint64_t> a = values;
      std::vector<std::uint64_t> b = values;
      fast.forward(a);
      portable.forward(b);
      CHECK(a == b);
      fast.inverse(a);
      CHECK(a == values);
      a = b = values;
      fast.inverse(a);
      portable.inverse(b);
      CHECK(a == b);
    }
  }
}

void transforms_can_be_undone() {
  Prg prg(Block{5, 6});
  for (const Ntt& ntt : rlwe_ntts()) {
    const std::vector<std::uint64_t> values = random_values(prg, ntt.modulus(), kRlweSize);
    std::vector<std::uint64_t> transformed = values;
    ntt.forward(transformed);
    CHECK(transformed != values);
    for (const std::uint64_t value : transformed) CHECK(value < ntt.modulus().q());
    ntt.inverse(transformed);
    CHECK(transformed == values);
  }
}

}  // namespace

int main() {
  arithmetic_is_modular();
  transforms_multiply_polynomials();
  transforms_can_be_undone();
  engines_agree();
}
