#include "duet/share_product.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "duet/linear.h"
#include "rlwe_product.h"

namespace duet {
namespace {

Tensor<Ring> swap_last_axes(const Tensor<Ring>& value) {
  std::vector<std::size_t> axes(value.shape.size());
  for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = i;
  std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  return transpose(value, axes);
}

// a·b or (bᵀ·aᵀ)ᵀ, whichever has fewer rows to encrypt.
ProductSize oriented(const ProductSize& size) {
  return size.n < size.m ? ProductSize{size.batch, size.n, size.k, size.m} : size;
}

RlweLayout product_layout(const ProductSize& size) {
  return RlweLayout::matrices({size.batch, size.m, size.k, size.n, 64});
}

// Each party encrypts its shares of one half: of the vectors, or of the only one there is.
struct SquareLayouts {
  SquareLayouts(std::size_t batch, std::size_t k)
      : middle(batch == 1 ? k / 2 : batch / 2 * k),
        layouts{batch == 1 ? RlweLayout::inner_products({0, 1}, middle)
                           : RlweLayout::inner_products({0, batch / 2}, k),
                batch == 1 ? RlweLayout::inner_products({0, 1}, k - middle)
                           : RlweLayout::inner_products({0, batch - batch / 2}, k)},
        first_result{0, batch / 2} {}

  std::size_t middle;  // elements of the first half
  std::array<RlweLayout, 2> layouts;
  std::array<std::size_t, 2> first_result;
};

}  // namespace

ShareProducts::ShareProducts() = default;
ShareProducts::ShareProducts(ShareProducts&&) noexcept = default;
ShareProducts& ShareProducts::operator=(ShareProducts&&) noexcept = default;
ShareProducts::~ShareProducts() = default;

void ShareProducts::setup(Session& session) { session.rlwe(); }

void ShareProducts::start(Session& session, std::unique_ptr<RlweExchange> exchange,
                          std::span<const Ring> left, SecretVector<Ring> right, Tensor<Ring> own) {
  exchange_ = std::move(exchange);
  right_ = std::move(right);
  result_ = std::move(own);
  exchange_->send_uploads(session, left);
}

void ShareProducts::receive_uploads(Session& session) {
  exchange_->receive_uploads(session, std::exchange(right_, {}), result_.data);
}

void ShareProducts::send_answers(Session& session) { exchange_->send_answers(session); }

Tensor<Ring> ShareProducts::receive_answers(Session& session) {
  exchange_->receive_answers(session, result_.data);
  exchange_.reset();
  return std::move(result_);
}

void ShareProduct::send_uploads(Session& session, const Tensor<Ring>& a, const Tensor<Ring>& b) {
  const std::size_t rank = a.shape.size();
  swapped_ = b.shape.back() < a.shape[rank - 2];
  if (swapped_) {  // a·b = (bᵀ·aᵀ)ᵀ: fewer rows to encrypt
    const Tensor<Ring> left = swap_last_axes(b);
    const Tensor<Ring> right = swap_last_axes(a);
    const ProductSize size{element_count(left.shape) / (left.shape[rank - 2] * left.shape.back()),
                           left.shape[rank - 2], left.shape.back(), right.shape.back()};
    const RlweLayout layout = product_layout(size);
    start(session, std::make_unique<RlweExchange>(layout, layout), left.data, right.data,
          matmul(left, right));
    return;
  }
  const ProductSize size{element_count(Shape(a.shape.begin(), a.shape.end() - 2)),
                         a.shape[rank - 2], a.shape[rank - 1], b.shape.back()};
  const RlweLayout layout = product_layout(size);
  start(session, std::make_unique<RlweExchange>(layout, layout), a.data, b.data, matmul(a, b));
}

Tensor<Ring> ShareProduct::receive_answers(Session& session) {
  Tensor<Ring> result = ShareProducts::receive_answers(session);
  return swapped_ ? swap_last_axes(result) : result;
}

Cost ShareProduct::online_cost(const ProductSize& size) {
  const RlweLayout layout = product_layout(oriented(size));
  return rlwe_cost(layout, layout);
}

double ShareProduct::online_seconds(const ProductSize& size) {
  const RlweLayout layout = product_layout(oriented(size));
  return rlwe_seconds(layout, layout);
}

void ShareSquare::send_uploads(Session& session, const Tensor<Ring>& x) {
  if (x.shape.empty()) throw std::invalid_argument("square: a scalar has no last axis");
  const std::size_t k = x.shape.back();
  const SquareLayouts plan(element_count(Shape(x.shape.begin(), x.shape.end() - 1)), k);
  const auto own = static_cast<std::size_t>(session.party());
  // 2·x_0·x_1: the evaluator doubles its factor.
  const Tensor<Ring> doubled = shift_left(x, 1);
  const auto half = [&](const SecretVector<Ring>& data, std::size_t which) {
    const auto middle = data.begin() + static_cast<std::ptrdiff_t>(plan.middle);
    return which == 0 ? SecretVector<Ring>(data.begin(), middle)
                      : SecretVector<Ring>(middle, data.end());
  };
  RlweLayout mine = plan.layouts[own].with_results_from(plan.first_result[own]);
  RlweLayout theirs = plan.layouts[1 - own].with_results_from(plan.first_result[1 - own]);
  start(session, std::make_unique<RlweExchange>(std::move(mine), std::move(theirs)),
        half(x.data, own), half(doubled.data, 1 - own), sum(mul(x, x), {x.shape.size() - 1}));
}

Cost ShareSquare::online_cost(std::uint64_t batch, std::uint64_t k) {
  const SquareLayouts plan(batch, k);
  return rlwe_cost(plan.layouts[0], plan.layouts[1]);
}

double ShareSquare::online_seconds(std::uint64_t batch, std::uint64_t k) {
  const SquareLayouts plan(batch, k);
  return rlwe_seconds(plan.layouts[0], plan.layouts[1]);
}

}  // namespace duet
