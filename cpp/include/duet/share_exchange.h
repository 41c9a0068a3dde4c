// Products of additive shares by lattice encryption (see src/rlwe_product.h), without masking them
// first. Of (x_0 + x_1)·(y_0 + y_1) only x_0·y_1 and x_1·y_0 take a protocol. Everything depends on
// the inputs, so all of it is online; in exchange no masked value goes over the wire.
#pragma once

#include <memory>
#include <vector>

#include "duet/cost.h"
#include "duet/ring.h"
#include "duet/rows.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

class RlweExchange;

// The four steps that both kinds of products have: two messages in each direction. What is given to
// send_uploads() is not copied: it has to stay as it is until receive_uploads() has returned.
class ShareExchange {
 public:
  ShareExchange();
  ShareExchange(ShareExchange&&) noexcept;
  ShareExchange& operator=(ShareExchange&&) noexcept;
  ~ShareExchange();

  void receive_uploads(Session& session);
  void send_answers(Session& session);
  // This party's share of the result.
  Tensor<Ring> receive_answers(Session& session);

  static constexpr Cost setup_cost() { return {}; }

 protected:
  // Serves one product.
  void prepare(std::unique_ptr<RlweExchange> exchange, std::vector<Shape> shapes);
  // SetupError unless the operands have the shapes that were prepared for.
  void check(const std::vector<Shape>& shapes) const;
  void start(Session& session, const Rows& left, std::shared_ptr<const Rows> right,
             Tensor<Ring> own);

 private:
  std::unique_ptr<RlweExchange> exchange_;
  std::vector<Shape> shapes_;
  std::shared_ptr<const Rows> right_;
  Tensor<Ring> result_;
};

}  // namespace duet
