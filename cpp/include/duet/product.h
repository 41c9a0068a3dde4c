// Products of masked values, as in ABY2.0 (see arith.h), section 3.1. With Δ_a and Δ_b public,
//     a·b = Δ_a·Δ_b - Δ_a·δ_b - δ_a·Δ_b + δ_a·δ_b,
// so the online phase is local once there are shares of δ_a·δ_b, the product of the masks. They
// come in the setup phase from lattice encryption (see src/rlwe_product.h) or, where that sends
// less, from oblivious transfer: Gilboa, "Two Party RSA Key Generation", CRYPTO 1999 (see
// src/gilboa.h).
#pragma once

#include <cstdint>

#include "duet/arith.h"
#include "duet/cost.h"
#include "duet/one_time.h"
#include "duet/session.h"

namespace duet {

// What computes products of masks: oblivious transfer, lattice encryption, or what sends less.
enum class Products { kCheapest, kTransfer, kLattice };

struct ProductSize {
  std::uint64_t batch;  // matrix products, of m x k with k x n
  std::uint64_t m;
  std::uint64_t k;
  std::uint64_t n;
};

// [..., m, k] x [..., k, n] -> [..., m, n] with equal leading axes.
class Product {
 public:
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
  // Of one party's processor, estimated.
  static double setup_seconds(const ProductSize& size, int ot_k,
                              Products choice = Products::kCheapest);
  static constexpr Cost online_cost() { return {}; }

 private:
  Products choice_;
  OneTime once_{"product"};
  Tensor<Ring> masks_product_;  // this party's share of δ_a·δ_b
};

// [..., k] -> [...], the sum of the squares along the last axis. Of the products of masks,
// δ² = δ_0² + 2·δ_0·δ_1 + δ_1², only the middle one takes a protocol, and with the factor 2 only
// modulo 2^63.
class Square {
 public:
  explicit Square(Products choice = Products::kCheapest) : choice_(choice) {}

  void setup(Session& session, const Tensor<Ring>& mask);
  Tensor<Ring> online(const Session& session, const Masked& a);

  static Cost setup_cost(std::uint64_t batch, std::uint64_t k, int ot_k,
                         Products choice = Products::kCheapest);
  static Flooding flooding(std::uint64_t batch, std::uint64_t k, int ot_k,
                           Products choice = Products::kCheapest);
  static double setup_seconds(std::uint64_t batch, std::uint64_t k, int ot_k,
                              Products choice = Products::kCheapest);
  static constexpr Cost online_cost() { return {}; }

 private:
  Products choice_;
  OneTime once_{"square"};
  Tensor<Ring> masks_square_;  // this party's share of the sums of δ²
};

}  // namespace duet
