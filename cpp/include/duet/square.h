// Squares of masked values. They are products (product.h), of which less takes a protocol:
// δ² = δ_0² + 2·δ_0·δ_1 + δ_1², only the middle term, and that with its factor 2 only modulo 2^63.
#pragma once

#include <cstdint>
#include <string_view>

#include "duet/cost.h"
#include "duet/flooding.h"
#include "duet/kernel.h"
#include "duet/masked.h"
#include "duet/one_time.h"
#include "duet/product_method.h"
#include "duet/session.h"

namespace duet {

// [..., k] -> [...], the sum of the squares along the last axis.
class Square {
 public:
  static constexpr std::string_view kName = "square";
  static KernelCosts costs(Sizes& sizes);

  explicit Square(Products choice = Products::kCheapest) : choice_(choice) {}

  void setup(Session& session, const Tensor<Ring>& mask);
  Tensor<Ring> online(const Session& session, const Masked& a);

  static Cost setup_cost(std::uint64_t batch, std::uint64_t k, int ot_k,
                         Products choice = Products::kCheapest);
  static Flooding flooding(std::uint64_t batch, std::uint64_t k, int ot_k,
                           Products choice = Products::kCheapest);
  static constexpr Cost online_cost() { return {}; }

 private:
  Products choice_;
  OneTime once_{kName};
  Tensor<Ring> masks_square_;  // this party's share of the sums of δ²
};

}  // namespace duet
