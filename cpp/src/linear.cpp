#include "duet/linear.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace duet {
namespace {

template <class Op>
Tensor<Ring> elementwise(const Tensor<Ring>& a, const Tensor<Ring>& b, Op op) {
  if (a.shape != b.shape) {
    const Shape shape = common_shape(a.shape, b.shape);
    return elementwise(broadcast_to(a, shape), broadcast_to(b, shape), op);
  }
  Tensor<Ring> result(a.shape);
  std::transform(a.data.begin(), a.data.end(), b.data.begin(), result.data.begin(), op);
  return result;
}

// out += a·b for one matrix each, row-major; so many columns at a time as stay in the first cache.
void add_product(const Ring* a, const Ring* b, Ring* out, std::size_t m, std::size_t k,
                 std::size_t n) {
  constexpr std::size_t kColumns = 2048;
  for (std::size_t begin = 0; begin < n; begin += kColumns) {
    const std::size_t end = std::min(begin + kColumns, n);
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t l = 0; l < k; ++l) {
        const Ring factor = a[i * k + l];
        for (std::size_t j = begin; j < end; ++j) out[i * n + j] += factor * b[l * n + j];
      }
    }
  }
}

}  // namespace

Tensor<Ring> add(const Tensor<Ring>& a, const Tensor<Ring>& b) {
  return elementwise(a, b, std::plus<>());
}

Tensor<Ring> sub(const Tensor<Ring>& a, const Tensor<Ring>& b) {
  return elementwise(a, b, std::minus<>());
}

Tensor<Ring> mul(const Tensor<Ring>& a, const Tensor<Ring>& b) {
  return elementwise(a, b, std::multiplies<>());
}

Tensor<Ring> neg(const Tensor<Ring>& a) {
  Tensor<Ring> result(a.shape);
  std::transform(a.data.begin(), a.data.end(), result.data.begin(), [](Ring x) { return 0 - x; });
  return result;
}

Tensor<Ring> matmul(const Tensor<Ring>& a, const Tensor<Ring>& b) {
  const std::size_t rank_a = a.shape.size();
  const std::size_t rank_b = b.shape.size();
  if (rank_a < 2 || rank_b < 2 || a.shape[rank_a - 1] != b.shape[rank_b - 2]) {
    throw std::invalid_argument("no matrix product of the shapes " + shape_text(a.shape) + " and " +
                                shape_text(b.shape));
  }
  const std::size_t m = a.shape[rank_a - 2];
  const std::size_t k = a.shape[rank_a - 1];
  const std::size_t n = b.shape[rank_b - 1];
  const Shape batch_a(a.shape.begin(), a.shape.end() - 2);
  const Shape batch_b(b.shape.begin(), b.shape.end() - 2);
  const Shape batch = common_shape(batch_a, batch_b);
  const std::vector<std::size_t> from_a = broadcast(batch_a, batch).indices;
  const std::vector<std::size_t> from_b = broadcast(batch_b, batch).indices;

  Shape shape = batch;
  shape.insert(shape.end(), {m, n});
  Tensor<Ring> result(std::move(shape));
  for (std::size_t i = 0; i < from_a.size(); ++i) {
    add_product(a.data.data() + from_a[i] * m * k, b.data.data() + from_b[i] * k * n,
                result.data.data() + i * m * n, m, k, n);
  }
  return result;
}

Tensor<Ring> sum(const Tensor<Ring>& a, const std::vector<std::size_t>& axes) {
  Shape kept = a.shape;
  for (const std::size_t axis : axes) kept.at(axis) = 1;
  Shape shape;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) shape.push_back(kept[i]);
  }
  // Where broadcasting would read an element, summing adds to it.
  const std::vector<std::size_t> targets = broadcast(kept, a.shape).indices;
  Tensor<Ring> result(std::move(shape));
  for (std::size_t i = 0; i < targets.size(); ++i) result.data[targets[i]] += a.data[i];
  return result;
}

Tensor<Ring> shift_left(const Tensor<Ring>& a, unsigned bits) {
  Tensor<Ring> result(a.shape);
  if (bits >= 64) return result;
  std::transform(a.data.begin(), a.data.end(), result.data.begin(),
                 [bits](Ring x) { return x << bits; });
  return result;
}

Tensor<Ring> public_share(const Tensor<Ring>& value, int party) {
  return party == 0 ? value : Tensor<Ring>(value.shape);
}

}  // namespace duet
