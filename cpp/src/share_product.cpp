#include "duet/share_product.h"

#include <memory>

#include "duet/linear.h"
#include "matrix_layout.h"
#include "orientation.h"
#include "rlwe_product.h"

namespace duet {
namespace {

// The same in both directions.
RlweLayoutPtr layout_of(const ProductSize& size) {
  const auto [batch, m, k, n] = oriented(size);
  return std::make_shared<MatrixLayout>(MatrixLayout::cheapest({batch, m, k, n, 64}));
}

Flooding flooding_of(const RlweLayout& layout) { return {layout.flooding(), layout.flooding()}; }

}  // namespace

KernelCosts ShareProduct::costs(Sizes& sizes) {
  const RlweLayoutPtr layout = layout_of({sizes["batch"], sizes["m"], sizes["k"], sizes["n"]});
  return {setup_cost(), rlwe_cost(*layout, *layout), rlwe_seconds(*layout, *layout),
          flooding_of(*layout)};
}

void ShareProduct::setup(Session& session, const Shape& a, const Shape& b) {
  const std::size_t rank = a.size();
  const std::size_t batch = element_count(Shape(a.begin(), a.end() - 2));
  const ProductSize size{batch, a[rank - 2], a.back(), b.back()};
  swapped_ = is_cheaper_swapped(size);
  const RlweLayoutPtr layout = layout_of(size);
  prepare(std::make_unique<RlweExchange>(session, layout, layout), {a, b});
}

void ShareProduct::send_uploads(Session& session, const Tensor<Ring>& a, const Tensor<Ring>& b) {
  check({a.shape, b.shape});
  if (swapped_) {
    const Tensor<Ring> left = swap_last_axes(b);
    const Tensor<Ring> right = swap_last_axes(a);
    start(session, left.data, right.data, matmul(left, right));
  } else {
    start(session, a.data, b.data, matmul(a, b));
  }
}

Tensor<Ring> ShareProduct::receive_answers(Session& session) {
  Tensor<Ring> result = ShareExchange::receive_answers(session);
  return swapped_ ? swap_last_axes(result) : result;
}

Cost ShareProduct::online_cost(const ProductSize& size) {
  const RlweLayoutPtr layout = layout_of(size);
  return rlwe_cost(*layout, *layout);
}

Flooding ShareProduct::flooding(const ProductSize& size) { return flooding_of(*layout_of(size)); }

}  // namespace duet
