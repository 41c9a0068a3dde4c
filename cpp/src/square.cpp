#include "duet/square.h"

#include <array>
#include <memory>
#include <stdexcept>

#include "check_shape.h"
#include "duet/linear.h"
#include "gilboa.h"
#include "inner_product_layout.h"
#include "mask_products.h"

namespace duet {
namespace {

constexpr unsigned kSquareBits = 63;  // see the header

// Each party is the sender for one half of the entries, so that both work at the same time.
Range half(const GilboaSize& size, int party) {
  const std::size_t middle = size.choices() / 2;
  return party == 0 ? Range{0, middle} : Range{middle, size.choices()};
}

// Each party encrypts its masks for one half of the inner products.
struct Plan {
  Plan(std::size_t batch, std::size_t k, int ot_k, Products choice)
      : transfer{batch, 1, k, 1, kSquareBits},
        layouts{std::make_shared<InnerProductLayout>(Range{0, batch / 2}, k),
                std::make_shared<InnerProductLayout>(Range{batch / 2, batch}, k)} {
    cost = gilboa_cost(transfer, half(transfer, 0), half(transfer, 1), ot_k);
    const Cost lattice_cost = rlwe_cost(*layouts[0], *layouts[1]);
    lattice = takes_lattice(choice, *layouts[1], lattice_cost, cost);
    if (lattice) cost = lattice_cost;
    seconds = lattice ? rlwe_seconds(*layouts[0], *layouts[1]) : transfer_seconds(cost);
  }

  Flooding flooding() const {
    if (!lattice) return {};
    return {layouts[0]->flooding(), layouts[1]->flooding()};
  }

  GilboaSize transfer;
  std::array<RlweLayoutPtr, 2> layouts;
  Cost cost;
  double seconds;
  bool lattice;
};

}  // namespace

KernelCosts Square::costs(Sizes& sizes) {
  const Plan plan(sizes["batch"], sizes["k"], sizes.ot_k(), sizes.method());
  return {plan.cost, online_cost(), plan.seconds, plan.flooding()};
}

void Square::setup(Session& session, const Tensor<Ring>& mask) {
  once_.begin_setup();
  if (mask.shape.empty()) throw std::invalid_argument("square: a scalar has no last axis");
  const std::size_t k = mask.shape.back();
  const Shape shape(mask.shape.begin(), mask.shape.end() - 1);
  const Plan plan(element_count(shape), k, session.options().ot_k, choice_);
  Tensor<Ring> cross(shape);
  const int party = session.party();
  if (plan.lattice) {
    const auto own = static_cast<std::size_t>(party);
    const DenseRows rows(mask.data, k);
    by_lattice(session, plan.layouts[own], rows, plan.layouts[1 - own], rows, cross.data);
  } else {
    gilboa(session, plan.transfer, mask.data, half(plan.transfer, 1 - party), mask.data,
           half(plan.transfer, party), cross.data);
  }
  masks_square_ = add(sum(mul(mask, mask), {shape.size()}), shift_left(cross, 1));
  once_.end_setup();
}

Tensor<Ring> Square::online(const Session& session, const Masked& a) {
  once_.take(0);
  // Δ² - 2·Δ·δ_p, where the first term is party 0's alone.
  const Tensor<Ring> own = shift_left(a.mask, 1);
  const Tensor<Ring> rest = session.party() == 0 ? sub(a.sum, own) : neg(own);
  const Tensor<Ring> share = sum(mul(a.sum, rest), {a.sum.shape.size() - 1});
  check_shape(kName, masks_square_.shape, share.shape);
  return add(share, masks_square_);
}

Cost Square::setup_cost(std::uint64_t batch, std::uint64_t k, int ot_k, Products choice) {
  return Plan(batch, k, ot_k, choice).cost;
}

Flooding Square::flooding(std::uint64_t batch, std::uint64_t k, int ot_k, Products choice) {
  return Plan(batch, k, ot_k, choice).flooding();
}

}  // namespace duet
