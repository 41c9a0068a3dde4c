// Products of masked values, as in ABY2.0 (see masked.h), section 3.1. With Δ_a and Δ_b public,
//     a·b = Δ_a·Δ_b - Δ_a·δ_b - δ_a·Δ_b + δ_a·δ_b,
// so the online phase is local once there are shares of δ_a·δ_b, the product of the masks. They
// come in the setup phase from lattice encryption (see src/rlwe_product.h) or, where that sends
// less, from oblivious transfer: Gilboa, "Two Party RSA Key Generation", CRYPTO 1999 (see
// src/gilboa.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "duet/cost.h"
#include "duet/flooding.h"
#include "duet/kernel.h"
#include "duet/masked.h"
#include "duet/one_time.h"
#include "duet/product_method.h"
#include "duet/product_size.h"
#include "duet/session.h"

namespace duet {

// [..., m, k] x [..., k, n] -> [..., m, n] with equal leading axes.
class Product {
 public:
  static constexpr std::string_view kName = "product";
  static KernelCosts costs(Sizes& sizes);

  explicit Product(Products choice = Products::kCheapest) : choice_(choice) {}

  // The masks of both operands, brought to the operands' shapes.
  void setup(Session& session, const Tensor<Ring>& mask_a, const Tensor<Ring>& mask_b);

  // This party's share of a·b.
  Tensor<Ring> online(const Session& session, const Masked& a, const Masked& b);

  // Throws std::invalid_argument for lattice encryption of what its noise bound has no room for,
  // or of what no key may answer.
  static Cost setup_cost(const ProductSize& size, int ot_k, Products choice = Products::kCheapest);
  // Of the answers by lattice encryption, if that is what computes it.
  static Flooding flooding(const ProductSize& size, int ot_k,
                           Products choice = Products::kCheapest);
  static constexpr Cost online_cost() { return {}; }

 private:
  Products choice_;
  OneTime once_{kName};
  Tensor<Ring> masks_product_;  // this party's share of δ_a·δ_b
};

}  // namespace duet
