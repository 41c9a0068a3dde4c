#include "duet/open_yao.h"

#include "check_shape.h"
#include "labels.h"
#include "width.h"
#include "words.h"

namespace duet {

KernelCosts OpenYao::costs(Sizes& sizes) {
  const std::uint64_t elements = sizes["elements"];
  const std::uint64_t width = sizes["width"];
  return {setup_cost(elements, width), online_cost(elements, width)};
}

void OpenYao::setup(Session& session, const GarbledTensor& labels) {
  once_.begin_setup();
  width_ = checked_width(kName, labels.width);
  if (session.party() == kGarbler) {
    colours_ = Tensor<Ring>(labels.shape);
    send_words(session, colours(labels), width_);
    session.channel().flush();
  } else {
    colours_ = receive_words(session, labels.shape, width_);
  }
  once_.end_setup();
}

void OpenYao::send(Session& session, const GarbledTensor& value) {
  once_.take(0);
  check_shape(kName, colours_.shape, value.shape);
  if (session.party() == kGarbler) return;
  opened_ = decode(value, colours_);
  send_words(session, opened_, width_);
}

Tensor<Ring> OpenYao::receive(Session& session) {
  once_.take(1);
  return session.party() == kGarbler ? receive_words(session, colours_.shape, width_) : opened_;
}

Cost OpenYao::setup_cost(std::uint64_t elements, std::uint64_t width) {
  return message_cost(kGarbler, elements * word_bytes(width));
}

Cost OpenYao::online_cost(std::uint64_t elements, std::uint64_t width) {
  return message_cost(kEvaluator, elements * word_bytes(width));
}

}  // namespace duet
