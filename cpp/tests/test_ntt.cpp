#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "duet/errors.h"
#include "duet/prg.h"
#include "ntt.h"
#include "rlwe.h"

#define DUET_LANES  // PlainLanes need nothing
#include "ntt_lanes.h"

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

// Every lane a number, for the algorithm of AVX2 and NEON at any width.
template <std::size_t width>
struct PlainLanes {
  using Vector = std::array<double, width>;
  static constexpr std::size_t kWidth = width;

  template <class Function>
  static Vector each(Function function) {
    Vector result;
    for (std::size_t i = 0; i < width; ++i) result[i] = function(i);
    return result;
  }

  static Vector all(double x) {
    return each([&](std::size_t) { return x; });
  }
  static Vector load(const std::uint64_t* from) {
    return each([&](std::size_t i) { return std::bit_cast<double>(from[i]); });
  }
  static void store(std::uint64_t* to, const Vector& x) {
    for (std::size_t i = 0; i < width; ++i) to[i] = std::bit_cast<std::uint64_t>(x[i]);
  }
  static Vector add(const Vector& x, const Vector& y) {
    return each([&](std::size_t i) { return x[i] + y[i]; });
  }
  static Vector sub(const Vector& x, const Vector& y) {
    return each([&](std::size_t i) { return x[i] - y[i]; });
  }
  static Vector mul(const Vector& x, const Vector& y) {
    return each([&](std::size_t i) { return x[i] * y[i]; });
  }
  static Vector mul_add(const Vector& x, const Vector& y, const Vector& z) {
    return each([&](std::size_t i) { return std::fma(x[i], y[i], z[i]); });
  }
  static Vector sub_mul(const Vector& z, const Vector& x, const Vector& y) {
    return each([&](std::size_t i) { return std::fma(-x[i], y[i], z[i]); });
  }
  static Vector where_negative(const Vector& x, const Vector& y) {
    return each([&](std::size_t i) { return x[i] < 0 ? y[i] : 0; });
  }
  static Vector from_words(const Vector& x) {
    return each(
        [&](std::size_t i) { return static_cast<double>(std::bit_cast<std::uint64_t>(x[i])); });
  }
  static Vector to_words(const Vector& x) {
    return each(
        [&](std::size_t i) { return std::bit_cast<double>(static_cast<std::uint64_t>(x[i])); });
  }
  template <std::size_t n>
  static void exchange(Vector& x, Vector& y) {
    for (std::size_t i = 0; i < width; ++i) {
      if (i / n % 2 == 1) std::swap(x[i], y[i - n]);
    }
  }
  template <std::size_t n>
  static Vector spread(const double* from) {
    return each([&](std::size_t i) { return from[i / n]; });
  }
};

// All that can be had here, but for the portable one.
std::vector<NttEnginePtr> engines(const NttTables& tables) {
  std::vector<NttEnginePtr> all;
  all.push_back(std::make_unique<fma::LaneNtt<PlainLanes<1>>>(tables));
  all.push_back(std::make_unique<fma::LaneNtt<PlainLanes<2>>>(tables));
  all.push_back(std::make_unique<fma::LaneNtt<PlainLanes<8>>>(tables));
  if (is_available(Transform::kIfma)) all.push_back(ifma_ntt(tables));
  if (is_available(Transform::kAvx2) || is_available(Transform::kNeon)) {
    all.push_back(fma_ntt(tables));
  }
  return all;
}

// The input with which the first entry grows most where products are between -q/2 and q/2 and
// nothing is reduced: at every level (q - 1)/2 is added to it.
std::vector<std::uint64_t> growing(const NttTables& tables) {
  const Modulus& m = tables.modulus;
  std::vector<std::uint64_t> values(tables.roots.size(), 0);
  values[0] = m.q() - 1;
  for (std::size_t half = values.size() / 2; half > 0; half /= 2) {
    const std::uint64_t root = tables.roots[values.size() / 2 / half].value;
    values[half] = m.mul(m.invert(root), m.q() / 2);
  }
  return values;
}

// Anything, and extremes.
std::vector<std::vector<std::uint64_t>> inputs(Prg& prg, const NttTables& tables) {
  const Modulus& m = tables.modulus;
  const std::size_t size = tables.roots.size();
  const std::uint64_t most = m.q() - 1;
  std::vector<std::vector<std::uint64_t>> all{random_values(prg, m, size), growing(tables)};
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, m.q() / 2, most}) {
    all.emplace_back(size, value);
  }
  all.emplace_back(size, 0).front() = most;
  all.emplace_back(size, 0).back() = most;
  for (std::uint64_t& value : all.emplace_back(size)) value = most & (0 - (prg.next() & 1));
  for (std::size_t i = 0; std::uint64_t & value : all.emplace_back(size)) value = most * (++i % 2);
  return all;
}

void engines_agree(const Modulus& modulus, std::uint64_t root, std::size_t size) {
  Prg prg(Block{7, 8});
  const NttTables tables(modulus, root, size);
  const NttEnginePtr portable = portable_ntt(tables);
  const std::vector<NttEnginePtr> others = engines(tables);
  for (const std::vector<std::uint64_t>& values : inputs(prg, tables)) {
    std::vector<std::uint64_t> forward = values;
    std::vector<std::uint64_t> inverse = values;
    portable->forward(forward);
    portable->inverse(inverse);
    for (const NttEnginePtr& engine : others) {
      std::vector<std::uint64_t> found = values;
      engine->forward(found);
      CHECK(found == forward);
      engine->inverse(found);
      CHECK(found == values);
      engine->inverse(found);
      CHECK(found == inverse);
    }
  }
}

void all_engines_agree() {
  for (std::size_t prime = 0; prime < kRlwePrimes; ++prime) {
    const Modulus& m = kModuli[prime];
    for (const std::size_t size : {std::size_t{16}, std::size_t{32}, std::size_t{64}, kRlweSize}) {
      engines_agree(m, m.power(rlwe_root(prime), kRlweSize / size), size);
    }
  }
  // So many levels that not to reduce would go beyond what is exact in double precision; with the
  // largest prime below 2^50 that has them.
  engines_agree(Modulus(1125899903827969), 1077102403560341, 65536);
}

void transforms_have_names() {
  for (const Transform transform : kTransforms) {
    if (is_available(transform)) {
      CHECK(transform_named(name_of(transform)) == transform);
    } else {
      message_of<Error>([&] { transform_named(name_of(transform)); });
    }
  }
  CHECK(is_available(Transform::kPortable) && is_available(transform_in_use()));
  const std::string message = message_of<Error>([] { transform_named("fastest"); });
  CHECK(message.find("'fastest'") != std::string::npos);
  CHECK(message.find("portable") != std::string::npos);
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
  all_engines_agree();
  transforms_have_names();
}
