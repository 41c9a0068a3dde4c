#include "duet/arith.h"

#include <span>
#include <stdexcept>

#include "random_tensor.h"

namespace duet {

Tensor<Ring> unmask(const Masked& value, int party) {
  return party == 0 ? sub(value.sum, value.mask) : neg(value.mask);
}

void Mask::setup(Session& session, const Shape& shape) {
  once_.begin_setup();
  mask_ = random_tensor(session, shape);
  once_.end_setup();
}

void Mask::send(Session& session, const Tensor<Ring>& share) {
  once_.take(0);
  if (share.shape != mask_.shape) {
    throw std::invalid_argument("mask: set up for the shape " + shape_text(mask_.shape) + ", got " +
                                shape_text(share.shape));
  }
  masked_ = add(share, mask_);
  session.channel().send(std::span<const Ring>(masked_.data));
}

Masked Mask::receive(Session& session) {
  once_.take(1);
  Tensor<Ring> other(mask_.shape);
  session.channel().receive(std::span<Ring>(other.data));
  return {add(masked_, other), mask_};
}

void OpenArith::send(Session& session, const Tensor<Ring>& share) {
  share_ = share;
  session.channel().send(std::span<const Ring>(share_.data));
}

Tensor<Ring> OpenArith::receive(Session& session) {
  Tensor<Ring> other(share_.shape);
  session.channel().receive(std::span<Ring>(other.data));
  return add(share_, other);
}

}  // namespace duet
