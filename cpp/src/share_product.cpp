#include "duet/share_product.h"

#include <memory>
#include <utility>

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

// The transposes of matrices of so many rows and columns, which lie one after the other.
class TransposedRows final : public Rows {
 public:
  TransposedRows(std::span<const Ring> entries, std::size_t rows, std::size_t columns)
      : entries_(entries), rows_(rows), columns_(columns) {}

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    const std::size_t column = row % columns_;
    const std::size_t begin = (row / columns_ * rows_ + first) * columns_ + column;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = entries_[begin + i * columns_];
  }

 private:
  std::span<const Ring> entries_;
  std::size_t rows_;
  std::size_t columns_;
};

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
  Tensor<Ring> own = matmul(a, b);
  const std::size_t rank = a.shape.size();
  if (swapped_) {
    start(session, DenseRows(swap_last_axes(b).data, b.shape[rank - 2]),
          std::make_unique<TransposedRows>(a.data, a.shape[rank - 2], a.shape.back()),
          swap_last_axes(own));
  } else {
    start(session, DenseRows(a.data, a.shape.back()),
          std::make_unique<DenseRows>(b.data, b.shape.back()), std::move(own));
  }
}

void ShareProduct::send_uploads(Session& session, const Tensor<Ring>& a, const SharedRows& b) {
  if (swapped_) return send_uploads(session, a, b.tensor());
  check({a.shape, b.shape()});
  start(session, DenseRows(a.data, a.shape.back()), b.rows(), matmul(a, b));
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
