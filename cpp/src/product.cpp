#include "duet/product.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "gilboa.h"
#include "rlwe.h"
#include "rlwe_product.h"

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

// Whether lattice encryption computes a product: if it sends less, and if its noise bound and what
// one key may answer allow.
bool lattice_is_better(Products choice, std::size_t uploads_per_answer, double flooding,
                       const Cost& lattice, const Cost& transfer) {
  const bool is_exact = uploads_per_answer <= kMostUploads;
  const bool is_possible = is_exact && flooding <= kFloodingBudget;
  if (choice == Products::kLattice && !is_possible) {
    throw std::invalid_argument(
        is_exact ? "too large a product for lattice encryption: it takes " +
                       std::to_string(flooding / kFloodingBudget) + " times what one key may answer"
                 : "too long a product for lattice encryption: it takes " +
                       std::to_string(uploads_per_answer) + " uploads, of at most " +
                       std::to_string(kMostUploads));
  }
  if (uploads_per_answer == 0 || !is_possible) return false;  // nothing to compute, or no room
  if (choice != Products::kCheapest) return choice == Products::kLattice;
  return lattice.bytes[0] + lattice.bytes[1] < transfer.bytes[0] + transfer.bytes[1];
}

void by_lattice(Session& session, const RlweLayout& mine, std::span<const Ring> left,
                const RlweLayout& theirs, std::span<const Ring> right, std::span<Ring> out) {
  RlweExchange exchange(session, mine, theirs);
  exchange.send_uploads(session, left);
  exchange.receive_uploads(session, right, out);
  exchange.send_answers(session);
  exchange.receive_answers(session, out);
}

std::size_t uploads_per_answer(const RlweLayout& layout) {
  std::size_t most = 0;
  for (std::size_t answer = 0; answer < layout.answers(); ++answer) {
    const Range uploads = layout.uploads_of(answer);
    most = std::max(most, uploads.end - uploads.begin);
  }
  return most;
}

// Measured with benchmarks/kernels.py.
double transfer_seconds(const Cost& cost) {
  return 1.9e-9 * static_cast<double>(cost.bytes[0] + cost.bytes[1]);
}

// How a product of masks is computed, and what that costs.
struct ProductPlan {
  ProductPlan(const ProductSize& size, int ot_k, Products choice)
      : transfer(product_size(size)), layout(RlweLayout::matrices(transfer)) {
    const Range all{0, transfer.choices()};
    cost = gilboa_cost(transfer, all, all, ot_k);
    const Cost lattice_cost = rlwe_cost(layout, layout);
    lattice = lattice_is_better(choice, uploads_per_answer(layout), layout.flooding(), lattice_cost,
                                cost);
    if (lattice) cost = lattice_cost;
    seconds = lattice ? rlwe_seconds(layout, layout) : transfer_seconds(cost);
  }

  GilboaSize transfer;
  RlweLayout layout;
  Cost cost;
  double seconds;
  bool lattice;
};

GilboaSize square_size(std::size_t batch, std::size_t k) { return {batch, 1, k, 1, kSquareBits}; }

// Each party encrypts its masks for one half of the inner products.
struct SquarePlan {
  SquarePlan(std::size_t batch, std::size_t k, int ot_k, Products choice)
      : transfer(square_size(batch, k)),
        layouts{RlweLayout::inner_products({0, batch / 2}, k),
                RlweLayout::inner_products({batch / 2, batch}, k)} {
    cost = gilboa_cost(transfer, half(transfer, 0), half(transfer, 1), ot_k);
    const Cost lattice_cost = rlwe_cost(layouts[0], layouts[1]);
    lattice = lattice_is_better(choice, uploads_per_answer(layouts[1]), layouts[1].flooding(),
                                lattice_cost, cost);
    if (lattice) cost = lattice_cost;
    seconds = lattice ? rlwe_seconds(layouts[0], layouts[1]) : transfer_seconds(cost);
  }

  GilboaSize transfer;
  std::array<RlweLayout, 2> layouts;
  Cost cost;
  double seconds;
  bool lattice;
};

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
  const ProductPlan plan(size, session.options().ot_k, choice_);
  if (plan.lattice) {
    by_lattice(session, plan.layout, mask_a.data, plan.layout, mask_b.data, own.data);
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
  check_masks(masks_product_.shape, share.shape, "product");
  return add(share, masks_product_);
}

Cost Product::setup_cost(const ProductSize& size, int ot_k, Products choice) {
  if (size.n < size.m) return setup_cost({size.batch, size.n, size.k, size.m}, ot_k, choice);
  return ProductPlan(size, ot_k, choice).cost;
}

Flooding Product::flooding(const ProductSize& size, int ot_k, Products choice) {
  if (size.n < size.m) return flooding({size.batch, size.n, size.k, size.m}, ot_k, choice);
  const ProductPlan plan(size, ot_k, choice);
  const double distance = plan.lattice ? plan.layout.flooding() : 0;
  return {distance, distance};
}

double Product::setup_seconds(const ProductSize& size, int ot_k, Products choice) {
  if (size.n < size.m) return setup_seconds({size.batch, size.n, size.k, size.m}, ot_k, choice);
  return ProductPlan(size, ot_k, choice).seconds;
}

void Square::setup(Session& session, const Tensor<Ring>& mask) {
  once_.begin_setup();
  if (mask.shape.empty()) throw std::invalid_argument("square: a scalar has no last axis");
  const std::size_t k = mask.shape.back();
  const Shape shape(mask.shape.begin(), mask.shape.end() - 1);
  const SquarePlan plan(element_count(shape), k, session.options().ot_k, choice_);
  Tensor<Ring> cross(shape);
  const int party = session.party();
  if (plan.lattice) {
    const auto own = static_cast<std::size_t>(party);
    by_lattice(session, plan.layouts[own], mask.data, plan.layouts[1 - own], mask.data, cross.data);
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
  check_masks(masks_square_.shape, share.shape, "square");
  return add(share, masks_square_);
}

Cost Square::setup_cost(std::uint64_t batch, std::uint64_t k, int ot_k, Products choice) {
  return SquarePlan(batch, k, ot_k, choice).cost;
}

Flooding Square::flooding(std::uint64_t batch, std::uint64_t k, int ot_k, Products choice) {
  const SquarePlan plan(batch, k, ot_k, choice);
  if (!plan.lattice) return {};
  return {plan.layouts[0].flooding(), plan.layouts[1].flooding()};
}

double Square::setup_seconds(std::uint64_t batch, std::uint64_t k, int ot_k, Products choice) {
  return SquarePlan(batch, k, ot_k, choice).seconds;
}

}  // namespace duet
