#include "duet/from_boolean.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include "duet/hash.h"
#include "planes.h"

namespace duet {
namespace {

constexpr std::size_t kStep = 1 << 18;  // transfers of one step of the setup, about

// The product of bits i counts 2^(i+1), so it matters modulo 2^(63-i); of bit 63 it never does.
std::size_t transfers(std::size_t width) { return std::min<std::size_t>(width, 63); }
std::size_t correction_bytes(std::size_t bit) { return (63 - bit + 7) / 8; }

std::size_t payload_bytes(std::size_t width) {
  std::size_t bytes = 0;
  for (std::size_t bit = 0; bit < transfers(width); ++bit) bytes += correction_bytes(bit);
  return bytes;
}

std::size_t elements_per_step(std::size_t width) { return kStep / width; }

void check_width(std::size_t width) {
  if (width < 1 || width > 64) {
    throw std::invalid_argument("from_boolean: a width of " + std::to_string(width) +
                                " is not within 1 to 64");
  }
}

BooleanTensor random_bits(Session& session, const Shape& shape, std::size_t width) {
  BooleanTensor bits(shape, width);
  Prg(session.random().seed()).fill(std::span<std::uint64_t>(bits.planes));
  return bits;
}

// Elements [first, first + count) of a setup: party 1 chooses by its bits, party 0 sends its own.
class Step {
 public:
  Step(Session& session, const BooleanTensor& bits, std::size_t first, std::size_t count)
      : session_(session),
        bits_(bits),
        first_(first),
        count_(count),
        per_element_(transfers(bits.width)),
        tweak_(session.reserve_tweaks(count * per_element_)),
        blocks_(count * per_element_),
        payload_(count * payload_bytes(bits.width)) {}

  // Both add their share of every product to `products`.
  void send(std::span<Ring> products) {
    session_.ot_sender().extend(blocks_);
    SecretVector<Block> others(blocks_);
    for (Block& block : others) block ^= session_.ot_sender().delta();
    tccr(blocks_, tweak_, blocks_);
    tccr(others, tweak_, others);
    std::uint8_t* out = payload_.data();
    for_each([&](std::size_t e, std::size_t i, std::size_t transfer) {
      const Ring key = blocks_[transfer].lo;
      products[e * bits_.width + i] = 0 - key;
      const Ring correction = key - others[transfer].lo + Ring{bits_.bit(i, e)};
      std::memcpy(out, &correction, correction_bytes(i));
      out += correction_bytes(i);
    });
    session_.channel().send(std::span<const std::uint8_t>(payload_));
    session_.channel().flush();
  }

  void receive(std::span<Ring> products) {
    SecretVector<std::uint8_t> choices(blocks_.size());
    for_each([&](std::size_t e, std::size_t i, std::size_t transfer) {
      choices[transfer] = static_cast<std::uint8_t>(bits_.bit(i, e));
    });
    session_.ot_receiver().extend(choices, blocks_);
    tccr(blocks_, tweak_, blocks_);
    session_.channel().receive(std::span(payload_));
    const std::uint8_t* in = payload_.data();
    for_each([&](std::size_t e, std::size_t i, std::size_t transfer) {
      Ring correction = 0;
      std::memcpy(&correction, in, correction_bytes(i));
      in += correction_bytes(i);
      products[e * bits_.width + i] = blocks_[transfer].lo + choices[transfer] * correction;
    });
  }

 private:
  // Calls step(element, bit, number of the transfer).
  template <class Call>
  void for_each(Call call) const {
    std::size_t transfer = 0;
    for (std::size_t e = first_; e < first_ + count_; ++e) {
      for (std::size_t i = 0; i < per_element_; ++i) call(e, i, transfer++);
    }
  }

  Session& session_;
  const BooleanTensor& bits_;
  std::size_t first_;
  std::size_t count_;
  std::size_t per_element_;
  std::uint64_t tweak_;
  SecretVector<Block> blocks_;
  SecretVector<std::uint8_t> payload_;
};

}  // namespace

void FromBoolean::setup(Session& session, const Shape& shape, std::size_t width) {
  once_.begin_setup();
  check_width(width);
  session.init_ot();
  party_ = session.party();
  bits_ = random_bits(session, shape, width);
  const std::size_t elements = bits_.elements();
  shares_.assign(elements * width, 0);
  for (std::size_t done = 0; done < elements; done += elements_per_step(width)) {
    Step step(session, bits_, done, std::min(elements_per_step(width), elements - done));
    if (party_ == 0) {
      step.send(shares_);
    } else {
      step.receive(shares_);
    }
  }
  for (std::size_t e = 0; e < elements; ++e) {
    for (std::size_t i = 0; i < width; ++i) {
      Ring& share = shares_[e * width + i];
      share = Ring{bits_.bit(i, e)} - 2 * share;
    }
  }
  once_.end_setup();
}

void FromBoolean::send(Session& session, const BooleanTensor& value) {
  once_.take(0);
  if (value.shape != bits_.shape || value.width != bits_.width) {
    throw std::invalid_argument("from_boolean: set up for " + std::to_string(bits_.width) +
                                " bits of the shape " + shape_text(bits_.shape) + ", got " +
                                std::to_string(value.width) + " of " + shape_text(value.shape));
  }
  for (std::size_t i = 0; i < bits_.planes.size(); ++i) bits_.planes[i] ^= value.planes[i];
  send_planes(session, bits_);
}

Tensor<Ring> FromBoolean::receive(Session& session) {
  once_.take(1);
  const BooleanTensor open = receive_planes(session, bits_);
  Tensor<Ring> result(open.shape);
  for (std::size_t e = 0; e < result.size(); ++e) {
    for (std::size_t i = 0; i < open.width; ++i) {
      const Ring d = open.bit(i, e);
      const Ring bit = (party_ == 0 ? d : 0) + (1 - 2 * d) * shares_[e * open.width + i];
      // The highest bit counts negative.
      result.data[e] += i + 1 == open.width ? 0 - (bit << i) : bit << i;
    }
  }
  shares_ = {};
  return result;
}

Cost FromBoolean::setup_cost(std::uint64_t elements, std::uint64_t width, int ot_k) {
  Cost cost;
  for (std::uint64_t done = 0; done < elements; done += elements_per_step(width)) {
    const std::uint64_t count = std::min<std::uint64_t>(elements_per_step(width), elements - done);
    // The corrections follow the choices: one round.
    cost = cost + parallel(cot_extend_cost(count * transfers(width), ot_k, 0),
                           message_cost(0, count * payload_bytes(width)));
  }
  return cost;
}

Cost FromBoolean::online_cost(std::uint64_t elements, std::uint64_t width) {
  return planes_cost(width, elements);
}

}  // namespace duet
