// Squares of additive shares, by lattice encryption (share_exchange.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "duet/cost.h"
#include "duet/flooding.h"
#include "duet/kernel.h"
#include "duet/share_exchange.h"

namespace duet {

// [..., k] -> [...], the sum of the squares along the last axis.
class ShareSquare : public ShareExchange {
 public:
  static constexpr std::string_view kName = "share_square";
  static KernelCosts costs(Sizes& sizes);

  // As for products.
  void setup(Session& session, const Shape& x);

  void send_uploads(Session& session, const Tensor<Ring>& x);

  static Cost online_cost(std::uint64_t batch, std::uint64_t k);
  static Flooding flooding(std::uint64_t batch, std::uint64_t k);
};

}  // namespace duet
