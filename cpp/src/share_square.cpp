#include "duet/share_square.h"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <stdexcept>

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

// 2·x_0·x_1: the evaluator doubles its factor.
class DoubledRows final : public Rows {
 public:
  DoubledRows(std::span<const Ring> entries, std::size_t length) : rows_(entries, length) {}

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    rows_.read(row, first, out);
    for (Ring& value : out) value *= 2;
  }

 private:
  DenseRows rows_;
};

// Of every vector, the sum of the squares of this party's shares.
Tensor<Ring> own_squares(const Tensor<Ring>& x) {
  const std::size_t k = x.shape.back();
  Tensor<Ring> sums(Shape(x.shape.begin(), x.shape.end() - 1));
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::span<const Ring> vector = std::span(x.data).subspan(i * k, k);
    sums.data[i] = std::inner_product(vector.begin(), vector.end(), vector.begin(), Ring{0});
  }
  return sums;
}

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
  const std::span<const Ring> all(x.data);
  const std::array<std::span<const Ring>, 2> half{all.first(halves.middle),
                                                  all.subspan(halves.middle)};
  // Of a vector that is halved itself there is but one row in each half.
  const auto length = [&](std::span<const Ring> rows) {
    return std::min(x.shape.back(), rows.size());
  };
  start(session, DenseRows(half[own], length(half[own])),
        std::make_unique<DoubledRows>(half[1 - own], length(half[1 - own])), own_squares(x));
}

Cost ShareSquare::online_cost(std::uint64_t batch, std::uint64_t k) {
  return Halves(batch, k).cost();
}

Flooding ShareSquare::flooding(std::uint64_t batch, std::uint64_t k) {
  return Halves(batch, k).flooding();
}

}  // namespace duet
