#include "duet/product.h"

#include <stdexcept>
#include <utility>

#include "gilboa.h"

namespace duet {
namespace {

constexpr int kSquareBits = 63;  // see the header

void check_masks(const Shape& masks, const Shape& values, const char* op) {
  if (masks != values) {
    throw std::invalid_argument(std::string(op) + ": set up for a result of the shape " +
                                shape_text(masks) + ", got " + shape_text(values));
  }
}

Tensor<Ring> swap_last_axes(const Tensor<Ring>& value) {
  std::vector<std::size_t> axes(value.shape.size());
  for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = i;
  std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  return transpose(value, axes);
}

// The choice bits come from the left operand, which should be the one with fewer entries.
GilboaSize product_size(const ProductSize& size) {
  return {size.batch, size.m, size.k, size.n, 64};
}

// Each party is the sender for one half of the entries, so that both work at the same time.
Range half(const GilboaSize& size, int party) {
  const std::size_t middle = size.choices() / 2;
  return party == 0 ? Range{0, middle} : Range{middle, size.choices()};
}

GilboaSize square_size(std::size_t batch, std::size_t k) { return {batch, 1, k, 1, kSquareBits}; }

}  // namespace

void Product::setup(Session& session, const Tensor<Ring>& mask_a, const Tensor<Ring>& mask_b) {
  once_.begin_setup();
  Tensor<Ring> own = matmul(mask_a, mask_b);  // checks the inner dimension
  const std::size_t rank = mask_a.shape.size();
  const ProductSize size{element_count(Shape(mask_a.shape.begin(), mask_a.shape.end() - 2)),
                         mask_a.shape[rank - 2], mask_a.shape[rank - 1], mask_b.shape.back()};
  if (!std::equal(mask_a.shape.begin(), mask_a.shape.end() - 2, mask_b.shape.begin(),
                  mask_b.shape.end() - 2)) {
    throw std::invalid_argument("product: the leading axes of " + shape_text(mask_a.shape) +
                                " and " + shape_text(mask_b.shape) + " differ");
  }
  if (size.n < size.m) {  // then a·b = (bᵀ·aᵀ)ᵀ takes fewer OTs
    setup(session, swap_last_axes(mask_b), swap_last_axes(mask_a));
    masks_product_ = swap_last_axes(masks_product_);
    return;
  }
  const GilboaSize gilboa_size = product_size(size);
  const Range all{0, gilboa_size.choices()};
  gilboa(session, gilboa_size, mask_a.data, all, mask_b.data, all, own.data);
  masks_product_ = std::move(own);
  once_.end_setup();
}

Tensor<Ring> Product::online(const Session& session, const Masked& a, const Masked& b) {
  once_.take(0);
  // Party 0 also takes the public term: Δ_a·Δ_b - Δ_a·δ_b = Δ_a·(Δ_b - δ_b).
  const Tensor<Ring> rest = session.party() == 0 ? sub(b.sum, b.mask) : neg(b.mask);
  Tensor<Ring> share = sub(matmul(a.sum, rest), matmul(a.mask, b.sum));
  check_masks(masks_product_.shape, share.shape, "product");
  return add(share, masks_product_);
}

Cost Product::setup_cost(const ProductSize& size, int ot_k) {
  if (size.n < size.m) return setup_cost({size.batch, size.n, size.k, size.m}, ot_k);
  const GilboaSize gilboa_size = product_size(size);
  const Range all{0, gilboa_size.choices()};
  return gilboa_cost(gilboa_size, all, all, ot_k);
}

void Square::setup(Session& session, const Tensor<Ring>& mask) {
  once_.begin_setup();
  if (mask.shape.empty()) throw std::invalid_argument("square: a scalar has no last axis");
  const std::size_t k = mask.shape.back();
  const Shape shape(mask.shape.begin(), mask.shape.end() - 1);
  const GilboaSize size = square_size(element_count(shape), k);
  Tensor<Ring> cross(shape);
  const int party = session.party();
  gilboa(session, size, mask.data, half(size, 1 - party), mask.data, half(size, party), cross.data);
  masks_square_ = add(sum(mul(mask, mask), {shape.size()}), shift_left(cross, 1));
  once_.end_setup();
}

Tensor<Ring> Square::online(const Session& session, const Masked& a) {
  once_.take(0);
  // Δ² - 2·Δ·δ_p, where the first term is party 0's alone.
  const Tensor<Ring> own = shift_left(a.mask, 1);
  const Tensor<Ring> rest = session.party() == 0 ? sub(a.sum, own) : neg(own);
  const Tensor<Ring> share = sum(mul(a.sum, rest), {a.sum.shape.size() - 1});
  check_masks(masks_square_.shape, share.shape, "square");
  return add(share, masks_square_);
}

Cost Square::setup_cost(std::uint64_t batch, std::uint64_t k, int ot_k) {
  const GilboaSize size = square_size(batch, k);
  return gilboa_cost(size, half(size, 0), half(size, 1), ot_k);
}

}  // namespace duet
