#include "duet/share_square.h"

#include <array>
#include <memory>
#include <stdexcept>

#include "duet/linear.h"
#include "inner_product_layout.h"
#include "rlwe_product.h"

namespace duet {
namespace {

// Each party encrypts its shares of one half: of the vectors, or of the only one there is.
struct Halves {
  Halves(std::size_t batch, std::size_t k) : middle(batch == 1 ? k / 2 : batch / 2 * k) {
    if (batch == 1) {
      layouts = {std::make_shared<InnerProductLayout>(Range{0, 1}, middle),
                 std::make_shared<InnerProductLayout>(Range{0, 1}, k - middle)};
    } else {
      layouts = {std::make_shared<InnerProductLayout>(Range{0, batch / 2}, k),
                 std::make_shared<InnerProductLayout>(Range{0, batch - batch / 2}, k, batch / 2)};
    }
  }

  Cost cost() const { return rlwe_cost(*layouts[0], *layouts[1]); }
  Flooding flooding() const { return {layouts[0]->flooding(), layouts[1]->flooding()}; }

  std::size_t middle;  // elements of the first half
  std::array<RlweLayoutPtr, 2> layouts;
};

}  // namespace

KernelCosts ShareSquare::costs(Sizes& sizes) {
  const Halves halves(sizes["batch"], sizes["k"]);
  return {setup_cost(), halves.cost(), rlwe_seconds(*halves.layouts[0], *halves.layouts[1]),
          halves.flooding()};
}

void ShareSquare::setup(Session& session, const Shape& x) {
  if (x.empty()) throw std::invalid_argument("square: a scalar has no last axis");
  const Halves halves(element_count(Shape(x.begin(), x.end() - 1)), x.back());
  const auto own = static_cast<std::size_t>(session.party());
  prepare(std::make_unique<RlweExchange>(session, halves.layouts[own], halves.layouts[1 - own]),
          {x});
}

void ShareSquare::send_uploads(Session& session, const Tensor<Ring>& x) {
  check({x.shape});
  const Halves halves(element_count(Shape(x.shape.begin(), x.shape.end() - 1)), x.shape.back());
  const auto own = static_cast<std::size_t>(session.party());
  // 2·x_0·x_1: the evaluator doubles its factor.
  const Tensor<Ring> doubled = shift_left(x, 1);
  const auto half = [&](const SecretVector<Ring>& data, std::size_t which) {
    const auto middle = data.begin() + static_cast<std::ptrdiff_t>(halves.middle);
    return which == 0 ? SecretVector<Ring>(data.begin(), middle)
                      : SecretVector<Ring>(middle, data.end());
  };
  start(session, half(x.data, own), half(doubled.data, 1 - own),
        sum(mul(x, x), {x.shape.size() - 1}));
}

Cost ShareSquare::online_cost(std::uint64_t batch, std::uint64_t k) {
  return Halves(batch, k).cost();
}

Flooding ShareSquare::flooding(std::uint64_t batch, std::uint64_t k) {
  return Halves(batch, k).flooding();
}

}  // namespace duet
