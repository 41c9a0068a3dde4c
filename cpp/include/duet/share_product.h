// Products of additive shares by lattice encryption (see src/rlwe_product.h), without masking them
// first. Of (x_0 + x_1)·(y_0 + y_1) only x_0·y_1 and x_1·y_0 take a protocol. Everything depends on
// the inputs, so all of it is online; in exchange no masked value goes over the wire.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "duet/cost.h"
#include "duet/product.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

class RlweExchange;

// The four steps that both kinds of products have: two messages in each direction.
class ShareProducts {
 public:
  ShareProducts();
  ShareProducts(ShareProducts&&) noexcept;
  ShareProducts& operator=(ShareProducts&&) noexcept;
  ~ShareProducts();

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
  void start(Session& session, std::span<const Ring> left, SecretVector<Ring> right,
             Tensor<Ring> own);

 private:
  std::unique_ptr<RlweExchange> exchange_;
  std::vector<Shape> shapes_;
  SecretVector<Ring> right_;
  Tensor<Ring> result_;
};

// [..., m, k] x [..., k, n] -> [..., m, n] with equal leading axes.
class ShareProduct : public ShareProducts {
 public:
  // Exchanges keys, if the session has none that may answer so much.
  void setup(Session& session, const Shape& a, const Shape& b);

  void send_uploads(Session& session, const Tensor<Ring>& a, const Tensor<Ring>& b);
  Tensor<Ring> receive_answers(Session& session);

  static Cost online_cost(const ProductSize& size);
  static Flooding flooding(const ProductSize& size);
  static double online_seconds(const ProductSize& size);  // of one party's processor, estimated

 private:
  bool swapped_ = false;
};

// [..., k] -> [...], the sum of the squares along the last axis.
class ShareSquare : public ShareProducts {
 public:
  // As for products.
  void setup(Session& session, const Shape& x);

  void send_uploads(Session& session, const Tensor<Ring>& x);

  static Cost online_cost(std::uint64_t batch, std::uint64_t k);
  static Flooding flooding(std::uint64_t batch, std::uint64_t k);
  static double online_seconds(std::uint64_t batch, std::uint64_t k);
};

}  // namespace duet
