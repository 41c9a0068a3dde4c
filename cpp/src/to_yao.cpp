#include "duet/to_yao.h"

#include <span>
#include <utility>

#include "check_shape.h"
#include "duet/linear.h"
#include "labels.h"
#include "random_tensor.h"
#include "width.h"
#include "words.h"

namespace duet {

KernelCosts ToYao::costs(Sizes& sizes) {
  const std::uint64_t elements = sizes["elements"];
  const std::uint64_t width = sizes["width"];
  return {setup_cost(elements, width, sizes.ot_k()), online_cost(elements, width)};
}

void ToYao::setup(Session& session, const Shape& shape, std::size_t width) {
  once_.begin_setup();
  checked_width(kName, width);
  session.init_ot();
  masked_ = fresh_labels(session, shape, width);
  mask_ = {shape, width, SecretVector<Block>(element_count(shape) * width)};
  if (session.party() == kGarbler) {
    session.ot_sender().extend(mask_.labels);
  } else {
    r_ = random_tensor(session, shape);
    SecretVector<std::uint8_t> choices(mask_.labels.size());
    for_each_bit(r_, width,
                 [&](std::size_t i, Ring bit) { choices[i] = static_cast<std::uint8_t>(bit); });
    session.ot_receiver().extend(choices, mask_.labels);
  }
  subtract_.setup(session, subtractor(width, width), {masked_, mask_});
  once_.end_setup();
}

void ToYao::send_masked(Session& session, const Tensor<Ring>& share) {
  once_.take(0);
  check_shape(kName, masked_.shape, share.shape);
  if (session.party() == kGarbler) {
    sum_ = share;
  } else {
    send_words(session, add(share, r_), masked_.width);
  }
}

void ToYao::receive_masked(Session& session) {
  once_.take(1);
  if (session.party() != kGarbler) return;
  sum_ = add(sum_, receive_words(session, masked_.shape, masked_.width));
}

void ToYao::send_labels(Session& session) {
  once_.take(2);
  if (session.party() != kGarbler) return;
  masked_.labels = active_labels(masked_, sum_, session.ot_sender().delta());
  session.channel().send(std::span<const Block>(masked_.labels));
}

GarbledTensor ToYao::receive_labels(Session& session) {
  once_.take(3);
  if (session.party() == kEvaluator) {
    masked_.labels.resize(mask_.labels.size());
    session.channel().receive(std::span(masked_.labels));
  }
  GarbledTensor result = std::move(subtract_.online(session, {masked_, mask_})[0]);
  masked_.labels = {};
  mask_.labels = {};
  return result;
}

Cost ToYao::setup_cost(std::uint64_t elements, std::uint64_t width, int ot_k) {
  // The tables follow the choices: one round.
  return parallel(cot_extend_cost(elements * width, ot_k, kGarbler),
                  Evaluate::setup_cost(width - 1, elements));
}

Cost ToYao::online_cost(std::uint64_t elements, std::uint64_t width) {
  // The answer of the round.
  return parallel(message_cost(kEvaluator, elements * word_bytes(width)),
                  message_cost(kGarbler, elements * width * sizeof(Block)));
}

}  // namespace duet
