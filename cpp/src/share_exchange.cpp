#include "duet/share_exchange.h"

#include <utility>

#include "duet/errors.h"
#include "rlwe_product.h"

namespace duet {

ShareExchange::ShareExchange() = default;
ShareExchange::ShareExchange(ShareExchange&&) noexcept = default;
ShareExchange& ShareExchange::operator=(ShareExchange&&) noexcept = default;
ShareExchange::~ShareExchange() = default;

void ShareExchange::prepare(std::unique_ptr<RlweExchange> exchange, std::vector<Shape> shapes) {
  exchange_ = std::move(exchange);
  shapes_ = std::move(shapes);
}

void ShareExchange::check(const std::vector<Shape>& shapes) const {
  if (exchange_ == nullptr || shapes != shapes_) {
    throw SetupError(
        "a product of shares needs a setup() of its own, for the shapes that it takes");
  }
}

void ShareExchange::start(Session& session, const Rows& left, std::shared_ptr<const Rows> right,
                          Tensor<Ring> own) {
  right_ = std::move(right);
  result_ = std::move(own);
  exchange_->send_uploads(session, left);
}

void ShareExchange::receive_uploads(Session& session) {
  exchange_->receive_uploads(session, *right_, result_.data);
  right_.reset();
}

void ShareExchange::send_answers(Session& session) { exchange_->send_answers(session); }

Tensor<Ring> ShareExchange::receive_answers(Session& session) {
  exchange_->receive_answers(session, result_.data);
  exchange_.reset();
  return std::move(result_);
}

}  // namespace duet
