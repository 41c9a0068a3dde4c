#include "ntt.h"

#include <bit>
#include <utility>

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

NttEnginePtr engine(NttTables tables, Transform transform) {
  switch (transform) {
    case Transform::kIfma:
      return ifma_ntt(tables);
    case Transform::kAvx2:
    case Transform::kNeon:
      return fma_ntt(tables);
    case Transform::kPortable:
      break;
  }
  return portable_ntt(std::move(tables));
}

}  // namespace

NttTables::NttTables(const Modulus& q, std::uint64_t root, std::size_t size)
    : modulus(q),
      roots(powers(q, root, size)),
      inverse_roots(powers(q, q.invert(root), size)),
      inverse_size(q.factor(q.invert(size))) {}

Ntt::Ntt(const Modulus& modulus, std::uint64_t root, std::size_t size, Transform transform)
    : modulus_(modulus), engine_(engine(NttTables(modulus, root, size), transform)) {}

}  // namespace duet
