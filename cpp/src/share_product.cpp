#include "duet/share_product.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "duet/errors.h"
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

void ShareProducts::prepare(std::unique_ptr<RlweExchange> exchange, std::vector<Shape> shapes) {
  exchange_ = std::move(exchange);
  shapes_ = std::move(shapes);
}

void ShareProducts::check(const std::vector<Shape>& shapes) const {
  if (exchange_ == nullptr || shapes != shapes_) {
    throw SetupError(
        "a product of shares needs a setup() of its own, for the shapes that it takes");
  }
}

void ShareProducts::start(Session& session, std::span<const Ring> left, SecretVector<Ring> right,
                          Tensor<Ring> own) {
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

void ShareProduct::setup(Session& session, const Shape& a, const Shape& b) {
  const std::size_t rank = a.size();
  const std::size_t batch = element_count(Shape(a.begin(), a.end() - 2));
  swapped_ = b.back() < a[rank - 2];  // a·b = (bᵀ·aᵀ)ᵀ: fewer rows to encrypt
  const RlweLayout layout = product_layout(oriented({batch, a[rank - 2], a.back(), b.back()}));
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
  Tensor<Ring> result = ShareProducts::receive_answers(session);
  return swapped_ ? swap_last_axes(result) : result;
}

Cost ShareProduct::online_cost(const ProductSize& size) {
  const RlweLayout layout = product_layout(oriented(size));
  return rlwe_cost(layout, layout);
}

Flooding ShareProduct::flooding(const ProductSize& size) {
  const double distance = product_layout(oriented(size)).flooding();
  return {distance, distance};
}

double ShareProduct::online_seconds(const ProductSize& size) {
  const RlweLayout layout = product_layout(oriented(size));
  return rlwe_seconds(layout, layout);
}

void ShareSquare::setup(Session& session, const Shape& x) {
  if (x.empty()) throw std::invalid_argument("square: a scalar has no last axis");
  const SquareLayouts plan(element_count(Shape(x.begin(), x.end() - 1)), x.back());
  const auto own = static_cast<std::size_t>(session.party());
  RlweLayout mine = plan.layouts[own].with_results_from(plan.first_result[own]);
  RlweLayout theirs = plan.layouts[1 - own].with_results_from(plan.first_result[1 - own]);
  prepare(std::make_unique<RlweExchange>(session, std::move(mine), std::move(theirs)), {x});
}

void ShareSquare::send_uploads(Session& session, const Tensor<Ring>& x) {
  check({x.shape});
  const SquareLayouts plan(element_count(Shape(x.shape.begin(), x.shape.end() - 1)),
                           x.shape.back());
  const auto own = static_cast<std::size_t>(session.party());
  // 2·x_0·x_1: the evaluator doubles its factor.
  const Tensor<Ring> doubled = shift_left(x, 1);
  const auto half = [&](const SecretVector<Ring>& data, std::size_t which) {
    const auto middle = data.begin() + static_cast<std::ptrdiff_t>(plan.middle);
    return which == 0 ? SecretVector<Ring>(data.begin(), middle)
                      : SecretVector<Ring>(middle, data.end());
  };
  start(session, half(x.data, own), half(doubled.data, 1 - own),
        sum(mul(x, x), {x.shape.size() - 1}));
}

Cost ShareSquare::online_cost(std::uint64_t batch, std::uint64_t k) {
  const SquareLayouts plan(batch, k);
  return rlwe_cost(plan.layouts[0], plan.layouts[1]);
}

Flooding ShareSquare::flooding(std::uint64_t batch, std::uint64_t k) {
  const SquareLayouts plan(batch, k);
  return {plan.layouts[0].flooding(), plan.layouts[1].flooding()};
}

double ShareSquare::online_seconds(std::uint64_t batch, std::uint64_t k) {
  const SquareLayouts plan(batch, k);
  return rlwe_seconds(plan.layouts[0], plan.layouts[1]);
}

}  // namespace duet
