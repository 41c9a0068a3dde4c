#include "duet/conversion.h"

#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "random_tensor.h"
#include "width.h"

namespace duet {
namespace {

void check_shape(const char* op, const Shape& expected, const Shape& found) {
  if (expected != found) {
    throw std::invalid_argument(std::string(op) + ": set up for the shape " + shape_text(expected) +
                                ", got " + shape_text(found));
  }
}

GarbledTensor fresh_labels(Session& session, const Shape& shape, std::size_t width) {
  GarbledTensor fresh{shape, width, {}};
  if (session.party() == kGarbler) {
    fresh.labels.resize(fresh.elements() * width);
    Prg(session.random().seed()).fill(std::span(fresh.labels));
  }
  return fresh;
}

// Calls step(label index, bit) for every bit of every element.
template <class Step>
void for_each_bit(const Tensor<Ring>& values, std::size_t width, Step step) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t bit = 0; bit < width; ++bit) {
      step(i * width + bit, (values.data[i] >> bit) & 1);
    }
  }
}

// The labels of `values`, from the zero labels.
SecretVector<Block> active_labels(const GarbledTensor& zeros, const Tensor<Ring>& values,
                                  Block delta) {
  SecretVector<Block> labels = zeros.labels;
  for_each_bit(values, zeros.width,
               [&](std::size_t i, Ring bit) { labels[i] ^= block_if(bit, delta); });
  return labels;
}

// The colours of all labels, as words. The colour of a zero label hides a value from whom does not
// know it; the exclusive or of both colours is the value.
Tensor<Ring> colours(const GarbledTensor& value) {
  Tensor<Ring> words(value.shape);
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (std::size_t bit = 0; bit < value.width; ++bit) {
      words.data[i] |= (value.labels[i * value.width + bit].lo & 1) << bit;
    }
  }
  return words;
}

Tensor<Ring> decode(const GarbledTensor& value, const Tensor<Ring>& zero_colours) {
  Tensor<Ring> words = colours(value);
  for (std::size_t i = 0; i < words.size(); ++i) words.data[i] ^= zero_colours.data[i];
  return words;
}

// Words of `width` bits go over the wire in whole bytes.
std::size_t word_bytes(std::size_t width) { return (width + 7) / 8; }

void send_words(Session& session, const Tensor<Ring>& words, std::size_t width) {
  SecretVector<std::uint8_t> message;
  message.reserve(words.size() * word_bytes(width));
  for (const Ring word : words.data) {
    // Bits above the width would tell more than the word.
    const Ring low = width == 64 ? word : word & ((Ring{1} << width) - 1);
    for (std::size_t i = 0; i < word_bytes(width); ++i) {
      message.push_back(static_cast<std::uint8_t>(low >> (8 * i)));
    }
  }
  session.channel().send(std::span<const std::uint8_t>(message));
}

Tensor<Ring> receive_words(Session& session, const Shape& shape, std::size_t width) {
  Tensor<Ring> words(shape);
  SecretVector<std::uint8_t> message(words.size() * word_bytes(width));
  session.channel().receive(std::span(message));
  for (std::size_t i = 0; i < message.size(); ++i) {
    words.data[i / word_bytes(width)] |= Ring{message[i]} << (8 * (i % word_bytes(width)));
  }
  return words;
}

}  // namespace

void ToYao::setup(Session& session, const Shape& shape, std::size_t width) {
  once_.begin_setup();
  checked_width("to_yao", width);
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
  check_shape("to_yao", masked_.shape, share.shape);
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

void PublicToYao::setup(Session& session, const Shape& shape, std::size_t width) {
  once_.begin_setup();
  checked_width("public_to_yao", width);
  session.init_ot();
  labels_ = fresh_labels(session, shape, width);
  once_.end_setup();
}

void PublicToYao::send(Session& session, const Tensor<Ring>& value) {
  once_.take(0);
  check_shape("public_to_yao", labels_.shape, value.shape);
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

void FromYao::setup(Session& session, const GarbledTensor& labels) {
  once_.begin_setup();
  checked_width("from_yao", labels.width);
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

void OpenYao::setup(Session& session, const GarbledTensor& labels) {
  once_.begin_setup();
  width_ = checked_width("open_yao", labels.width);
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
  check_shape("open_yao", colours_.shape, value.shape);
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
