#include "ntt.h"

#include <bit>

#include "duet/aes.h"

namespace duet {
namespace {

std::vector<Factor> powers(const Modulus& modulus, std::uint64_t root, std::size_t size) {
  const int bits = std::countr_zero(size);
  std::vector<Factor> result(size);
  std::uint64_t power = 1;
  for (std::size_t i = 0; i < size; ++i) {
    std::size_t reversed = 0;
    for (int bit = 0; bit < bits; ++bit) reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
    result[reversed] = modulus.factor(power);
    power = modulus.mul(power, root);
  }
  return result;
}

}  // namespace

Ntt::Ntt(Modulus modulus, std::uint64_t root, std::size_t size)
    : Ntt(modulus, root, size, cpu_features().avx512_ifma ? Engine::kIfma : Engine::kPortable) {}

Ntt::Ntt(Modulus modulus, std::uint64_t root, std::size_t size, Engine engine)
    : modulus_(modulus),
      roots_(powers(modulus, root, size)),
      inverse_roots_(powers(modulus, modulus.invert(root), size)),
      inverse_size_(modulus.factor(modulus.invert(size))) {
  if (engine == Engine::kIfma) {
    ifma_.emplace(roots_);
    ifma_inverse_.emplace(inverse_roots_);
  }
}

void Ntt::forward(std::span<std::uint64_t> values) const {
  if (ifma_) return ifma::forward(values, modulus_.q(), *ifma_);
  const std::uint64_t twice = 2 * modulus_.q();
  // Entries stay below 4q.
  for (std::size_t blocks = 1, half = values.size() / 2; half > 0; blocks *= 2, half /= 2) {
    for (std::size_t block = 0; block < blocks; ++block) {
      const Factor root = roots_[blocks + block];
      std::uint64_t* const low = values.data() + 2 * block * half;
      std::uint64_t* const up = low + half;
      for (std::size_t i = 0; i < half; ++i) {
        const std::uint64_t less = low[i] - twice;
        const std::uint64_t x = less + (twice & (0 - (less >> 63)));
        const std::uint64_t y = modulus_.mul_lazy(up[i], root);
        low[i] = x + y;
        up[i] = x + twice - y;
      }
    }
  }
  for (std::uint64_t& value : values) value = modulus_.reduce(value);
}

void Ntt::inverse(std::span<std::uint64_t> values) const {
  if (ifma_inverse_) return ifma::inverse(values, modulus_.q(), *ifma_inverse_, inverse_size_);
  const std::uint64_t twice = 2 * modulus_.q();
  // Entries stay below 2q.
  for (std::size_t blocks = values.size() / 2, half = 1; blocks > 0; blocks /= 2, half *= 2) {
    for (std::size_t block = 0; block < blocks; ++block) {
      const Factor root = inverse_roots_[blocks + block];
      std::uint64_t* const low = values.data() + 2 * block * half;
      std::uint64_t* const up = low + half;
      for (std::size_t i = 0; i < half; ++i) {
        const std::uint64_t x = low[i];
        const std::uint64_t y = up[i];
        const std::uint64_t less = x + y - twice;
        low[i] = less + (twice & (0 - (less >> 63)));
        up[i] = modulus_.mul_lazy(x + twice - y, root);
      }
    }
  }
  for (std::uint64_t& value : values) value = modulus_.mul(value, inverse_size_);
}

}  // namespace duet
