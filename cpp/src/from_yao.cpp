#include "duet/from_yao.h"

#include <utility>

#include "labels.h"
#include "random_tensor.h"
#include "width.h"
#include "words.h"

namespace duet {

KernelCosts FromYao::costs(Sizes& sizes) { return {setup_cost(sizes["elements"]), online_cost()}; }

void FromYao::setup(Session& session, const GarbledTensor& labels) {
  once_.begin_setup();
  checked_width(kName, labels.width);
  session.init_ot();
  // The garbler knows r, so its labels need no message: both take zero as the active label, and the
  // zero label of bit r_i is r_i·Δ.
  GarbledTensor r{labels.shape, 64, {}};
  if (session.party() == kGarbler) {
    r_ = random_tensor(session, labels.shape);
    r.labels.resize(r_.size() * 64);
    r.labels = active_labels(r, r_, session.ot_sender().delta());
  }
  subtract_.setup(session, subtractor(labels.width, 64), {labels, r});
  if (session.party() == kGarbler) {
    send_words(session, colours(subtract_.labels()), 64);
    session.channel().flush();
  } else {
    colours_ = receive_words(session, labels.shape, 64);
  }
  once_.end_setup();
}

Tensor<Ring> FromYao::online(Session& session, const GarbledTensor& value) {
  once_.take(0);
  GarbledTensor r{value.shape, 64, {}};
  if (session.party() == kEvaluator) r.labels.resize(r.elements() * r.width);
  const GarbledTensor difference = std::move(subtract_.online(session, {value, r})[0]);
  return session.party() == kGarbler ? r_ : decode(difference, colours_);
}

Cost FromYao::setup_cost(std::uint64_t elements) {
  return parallel(Evaluate::setup_cost(63, elements), message_cost(kGarbler, 8 * elements));
}

}  // namespace duet
