#include "duet/public_to_yao.h"

#include <span>

#include "check_shape.h"
#include "labels.h"
#include "width.h"

namespace duet {

KernelCosts PublicToYao::costs(Sizes& sizes) {
  return {setup_cost(), online_cost(sizes["elements"], sizes["width"])};
}

void PublicToYao::setup(Session& session, const Shape& shape, std::size_t width) {
  once_.begin_setup();
  checked_width(kName, width);
  session.init_ot();
  labels_ = fresh_labels(session, shape, width);
  once_.end_setup();
}

void PublicToYao::send(Session& session, const Tensor<Ring>& value) {
  once_.take(0);
  check_shape(kName, labels_.shape, value.shape);
  if (session.party() != kGarbler) return;
  const auto labels = active_labels(labels_, value, session.ot_sender().delta());
  session.channel().send(std::span<const Block>(labels));
}

GarbledTensor PublicToYao::receive(Session& session) {
  once_.take(1);
  if (session.party() == kGarbler) return labels_;
  GarbledTensor received = labels_;
  received.labels.resize(received.elements() * received.width);
  session.channel().receive(std::span(received.labels));
  return received;
}

}  // namespace duet
