#include "duet/mask.h"

#include <span>

#include "check_shape.h"
#include "duet/linear.h"
#include "random_tensor.h"

namespace duet {

KernelCosts Mask::costs(Sizes& sizes) { return {setup_cost(), online_cost(sizes["elements"])}; }

void Mask::setup(Session& session, const Shape& shape) {
  once_.begin_setup();
  mask_ = random_tensor(session, shape);
  once_.end_setup();
}

void Mask::send(Session& session, const Tensor<Ring>& share) {
  once_.take(0);
  check_shape(kName, mask_.shape, share.shape);
  masked_ = add(share, mask_);
  session.channel().send(std::span<const Ring>(masked_.data));
}

Masked Mask::receive(Session& session) {
  once_.take(1);
  Tensor<Ring> other(mask_.shape);
  session.channel().receive(std::span<Ring>(other.data));
  return {add(masked_, other), mask_};
}

}  // namespace duet
