// Gram matrices of additive shares, by lattice encryption (share_exchange.h). With X = X_0 + X_1,
//     X·Xᵀ = X_0·X_0ᵀ + X_1·X_1ᵀ + C + Cᵀ,  where C = X_0·X_1ᵀ,
// so one product takes a protocol, where that of two different matrices takes two, and each entry
// is encrypted once, by one of the servers: of one half of the columns server 0 encrypts its
// shares, of the other half server 1 does.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "duet/cost.h"
#include "duet/flooding.h"
#include "duet/kernel.h"
#include "duet/share_exchange.h"
#include "duet/shared_rows.h"

namespace duet {

// [n, k] -> [n, n], the inner products of all rows with each other.
class ShareGram : public ShareExchange {
 public:
  static constexpr std::string_view kName = "share_gram";
  static KernelCosts costs(Sizes& sizes);

  // As for products; k is at least 2, so that there is something to divide.
  void setup(Session& session, const Shape& x);

  void send_uploads(Session& session, const Tensor<Ring>& x);
  // Reads the rows a piece at a time.
  void send_uploads(Session& session, const SharedRows& x);
  Tensor<Ring> receive_answers(Session& session);

  static Cost online_cost(std::uint64_t n, std::uint64_t k);
  static Flooding flooding(std::uint64_t n, std::uint64_t k);

 private:
  void send_uploads(Session& session, const Shape& shape, const std::shared_ptr<const Rows>& x);

  Tensor<Ring> own_;  // of this party's shares alone
};

}  // namespace duet
