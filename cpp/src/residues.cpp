#include "residues.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "duet/transform.h"
#include "residues_ifma.h"

namespace duet {
namespace {

constexpr std::uint64_t kTop = std::uint64_t{1} << 63;

Factor power_of_two(const Modulus& modulus, unsigned exponent) {
  return modulus.factor(modulus.power(2, exponent));
}

}  // namespace

Residues::Residues(Modulus modulus)
    : Residues(modulus,
               transform_in_use() == Transform::kIfma ? Engine::kIfma : Engine::kPortable) {}

Residues::Residues(Modulus modulus, Engine engine)
    : modulus_(modulus),
      minus_two63_(modulus.neg(modulus.power(2, 63))),
      two52_(power_of_two(modulus, 52)),
      two104_(power_of_two(modulus, 104)),
      ifma_(engine == Engine::kIfma) {
  if (modulus.q() >> 49 != 1)
    throw std::invalid_argument("a prime between 2^49 and 2^50 is needed");
}

void Residues::from_unsigned(std::span<const std::uint64_t> words,
                             std::span<std::uint64_t> out) const {
  from_words(words, 0, 0, out);
}

// x = (x + 2^63) - 2^63, where the sum is not negative.
void Residues::from_signed(std::span<const std::uint64_t> words,
                           std::span<std::uint64_t> out) const {
  from_words(words, kTop, minus_two63_, out);
}

void Residues::from_words(std::span<const std::uint64_t> words, std::uint64_t flip,
                          std::uint64_t shift, std::span<std::uint64_t> out) const {
  std::size_t i = ifma_ ? ifma::from_words(modulus_.q(), two52_, words, flip, shift, out) : 0;
  for (; i < out.size(); ++i) out[i] = modulus_.add(modulus_.reduce(words[i] ^ flip), shift);
}

void Residues::multiply(std::span<const std::uint64_t> x, std::span<const std::uint64_t> y,
                        std::span<std::uint64_t> out) const {
  std::fill(out.begin(), out.end(), 0);
  add_products(std::array{Product{x, y}}, out);
}

void Residues::scale(std::span<std::uint64_t> x, Factor f) const {
  std::size_t i = ifma_ ? ifma::scale(modulus_.q(), x, f) : 0;
  for (; i < x.size(); ++i) x[i] = modulus_.mul(x[i], f);
}

void Residues::divide(std::span<std::uint64_t> x, std::span<const std::uint64_t> rest,
                      const Modulus& last, Factor inverse) const {
  std::size_t i = ifma_ ? ifma::divide(modulus_.q(), x, rest, last.q(), inverse) : 0;
  for (; i < x.size(); ++i) {
    const std::uint64_t centred = modulus_.from_centred(last.centred(rest[i]));
    x[i] = modulus_.mul(modulus_.sub(x[i], centred), inverse);
  }
}

void Residues::add_products(std::span<const Product> products,
                            std::span<std::uint64_t> sums) const {
  std::size_t i = ifma_ ? ifma::add_products(modulus_.q(), two52_, two104_, products, sums) : 0;
  for (; i < sums.size(); ++i) {
    Wide sum = sums[i];
    for (const Product& product : products) sum += Wide{product.x[i]} * product.y[i];
    sums[i] = modulus_.reduce(sum);
  }
}

}  // namespace duet
