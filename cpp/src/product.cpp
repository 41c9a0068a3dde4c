#include "duet/product.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>

#include "check_shape.h"
#include "duet/linear.h"
#include "gilboa.h"
#include "mask_products.h"
#include "matrix_layout.h"
#include "orientation.h"

namespace duet {
namespace {

// How a product of masks, in the cheaper orientation, is computed, and what that costs.
struct Plan {
  Plan(const ProductSize& size, int ot_k, Products choice)
      : transfer{size.batch, size.m, size.k, size.n, 64},
        layout(std::make_shared<MatrixLayout>(MatrixLayout::cheapest(transfer))) {
    const Range all{0, transfer.choices()};
    cost = gilboa_cost(transfer, all, all, ot_k);
    const Cost lattice_cost = rlwe_cost(*layout, *layout);
    lattice = takes_lattice(choice, *layout, lattice_cost, cost);
    if (lattice) cost = lattice_cost;
    seconds = lattice ? rlwe_seconds(*layout, *layout) : transfer_seconds(cost);
  }

  Flooding flooding() const {
    const double distance = lattice ? layout->flooding() : 0;
    return {distance, distance};
  }

  GilboaSize transfer;  // the choice bits come from the left operand, the one with fewer entries
  RlweLayoutPtr layout;
  Cost cost;
  double seconds;
  bool lattice;
};

}  // namespace

KernelCosts Product::costs(Sizes& sizes) {
  const ProductSize size{sizes["batch"], sizes["m"], sizes["k"], sizes["n"]};
  const Plan plan(oriented(size), sizes.ot_k(), sizes.method());
  return {plan.cost, online_cost(), plan.seconds, plan.flooding()};
}

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
  if (is_cheaper_swapped(size)) {
    setup(session, swap_last_axes(mask_b), swap_last_axes(mask_a));
    masks_product_ = swap_last_axes(masks_product_);
    return;
  }
  const Plan plan(size, session.options().ot_k, choice_);
  if (plan.lattice) {
    by_lattice(session, plan.layout, DenseRows(mask_a.data, size.k), plan.layout,
               DenseRows(mask_b.data, size.n), own.data);
  } else {
    const Range all{0, plan.transfer.choices()};
    gilboa(session, plan.transfer, mask_a.data, all, mask_b.data, all, own.data);
  }
  masks_product_ = std::move(own);
  once_.end_setup();
}

Tensor<Ring> Product::online(const Session& session, const Masked& a, const Masked& b) {
  once_.take(0);
  // Party 0 also takes the public term: Δ_a·Δ_b - Δ_a·δ_b = Δ_a·(Δ_b - δ_b).
  const Tensor<Ring> rest = session.party() == 0 ? sub(b.sum, b.mask) : neg(b.mask);
  Tensor<Ring> share = sub(matmul(a.sum, rest), matmul(a.mask, b.sum));
  check_shape(kName, masks_product_.shape, share.shape);
  return add(share, masks_product_);
}

Cost Product::setup_cost(const ProductSize& size, int ot_k, Products choice) {
  return Plan(oriented(size), ot_k, choice).cost;
}

Flooding Product::flooding(const ProductSize& size, int ot_k, Products choice) {
  return Plan(oriented(size), ot_k, choice).flooding();
}

}  // namespace duet
