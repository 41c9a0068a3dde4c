// Matrix products of additive shares, by lattice encryption (share_exchange.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "duet/client_shares.h"
#include "duet/cost.h"
#include "duet/flooding.h"
#include "duet/kernel.h"
#include "duet/product_size.h"
#include "duet/share_exchange.h"

namespace duet {

// [..., m, k] x [..., k, n] -> [..., m, n] with equal leading axes.
class ShareProduct : public ShareExchange {
 public:
  static constexpr std::string_view kName = "share_product";
  static KernelCosts costs(Sizes& sizes);

  // Exchanges keys, if the session has none that may answer so much.
  void setup(Session& session, const Shape& a, const Shape& b);

  void send_uploads(Session& session, const Tensor<Ring>& a, const Tensor<Ring>& b);
  // [1, n] x [n, k], of which the second is only read.
  void send_uploads(Session& session, const Tensor<Ring>& a, const SharedRows& b);
  Tensor<Ring> receive_answers(Session& session);

  static Cost online_cost(const ProductSize& size);
  static Flooding flooding(const ProductSize& size);

 private:
  bool swapped_ = false;
};

}  // namespace duet
