#include "duet/opening.h"

#include <algorithm>
#include <bit>
#include <span>
#include <stdexcept>
#include <utility>

#include "bits.h"

namespace duet {
namespace {

// The low `width` bits of x shifted right by `hidden`, where hidden + width <= 64.
Ring field(Ring x, unsigned hidden, unsigned width) {
  const Ring shifted = hidden == 64 ? 0 : x >> hidden;
  return width == 64 ? shifted : shifted & ((Ring{1} << width) - 1);
}

Ring shifted_left(Ring x, unsigned places) { return places == 64 ? 0 : x << places; }

// Bits of the largest |T + 1|, where T has 64 - hidden bits and a sign.
unsigned magnitude_bits(const Tensor<Ring>& top, unsigned hidden) {
  unsigned most = 0;
  for (const Ring t : top.data) {
    const std::int64_t value = static_cast<std::int64_t>(shifted_left(t, hidden)) >> hidden;
    const auto next = static_cast<Ring>(value) + 1;
    const Ring magnitude = static_cast<std::int64_t>(next) < 0 ? Ring{0} - next : next;
    most = std::max(most, static_cast<unsigned>(std::bit_width(magnitude)));
  }
  return most;
}

}  // namespace

KernelCosts Opening::costs(Sizes& sizes) {
  return {{}, online_cost(sizes["elements"], sizes["bits"])};
}

Opening::Opening(Sealed sealed, unsigned lowest, int party)
    : sealed_(std::move(sealed)),
      lowest_(std::min(lowest, 64 - kStep)),
      top_(Tensor<Ring>(sealed_.share.shape)) {
  if (sealed_.significant == kPublic) {
    hidden_ = 0;
    top_ = sealed_.share;
  } else if (top_.size() > 0) {
    if (party == 1) {
      for (Ring& x : sealed_.share.data) --x;
    }
    last_ = sealed_.significant == kExact;
    next_ = last_ ? 64 : kStep;
  }
}

void Opening::send(Session& session) {
  SecretVector<Ring> parts(sealed_.share.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i] = field(sealed_.share.data[i], hidden_ - next_, next_);
  }
  const auto message = pack(parts, next_);
  session.channel().send(std::span<const std::uint8_t>(message));
}

void Opening::receive(Session& session) {
  SecretVector<std::uint8_t> message(packed_bytes(top_.size(), next_));
  session.channel().receive(std::span(message));
  SecretVector<Ring> theirs(top_.size());
  unpack(message, next_, theirs);
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const Ring ours = field(sealed_.share.data[i], hidden_ - next_, next_);
    top_.data[i] = shifted_left(top_.data[i], next_) + ours + theirs[i];
  }
  hidden_ -= next_;
  plan();
}

// The next step: as many bits as the largest magnitude still wants. Where that is more than one
// step, the magnitude is looked at again afterwards: it is known more precisely then.
void Opening::plan() {
  const unsigned known = last_ || hidden_ == 0 ? 0 : magnitude_bits(top_, hidden_);
  const unsigned room = hidden_ > lowest_ ? hidden_ - lowest_ : 0;
  if (last_ || room == 0 || known >= sealed_.significant) {
    next_ = 0;
    return;
  }
  const unsigned wanted = sealed_.significant - known;
  last_ = wanted <= kStep;
  next_ = std::min({wanted, kStep, room});
}

Opened Opening::opened() const {
  if (!done()) throw std::logic_error("opening: not done yet");
  if (sealed_.significant == kPublic || top_.size() == 0) return {sealed_.share, 0};
  Opened result{top_, 64 - hidden_};
  for (Ring& t : result.value.data) t = shifted_left(t + 1, hidden_);
  return result;
}

std::vector<std::uint64_t> Opening::steps(std::uint64_t bits) {
  std::vector<std::uint64_t> result;
  for (; bits > 0; bits -= result.back()) {
    result.push_back(std::min<std::uint64_t>(bits, kStep));
  }
  return result;
}

Cost Opening::online_cost(std::uint64_t elements, std::uint64_t bits) {
  Cost cost;
  for (const std::uint64_t step : steps(bits)) {
    const std::uint64_t bytes = packed_bytes(elements, static_cast<unsigned>(step));
    cost = cost + parallel(message_cost(0, bytes), message_cost(1, bytes));
  }
  return cost;
}

std::vector<Opened> open_together(Session& session, std::vector<Sealed> sealed,
                                  const std::vector<unsigned>& lowest) {
  if (!lowest.empty() && lowest.size() != sealed.size()) {
    throw std::invalid_argument("opening: lowest places for other tensors");
  }
  std::vector<Opening> openings;
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    openings.emplace_back(std::move(sealed[i]), lowest.empty() ? 0 : lowest[i], session.party());
  }
  const auto done = [](const Opening& opening) { return opening.done(); };
  while (!std::all_of(openings.begin(), openings.end(), done)) {
    std::vector<Opening*> waiting;
    for (Opening& opening : openings) {
      if (!opening.done()) waiting.push_back(&opening);
    }
    for (Opening* opening : waiting) opening->send(session);
    for (Opening* opening : waiting) opening->receive(session);
  }
  std::vector<Opened> results;
  for (const Opening& opening : openings) results.push_back(opening.opened());
  return results;
}

}  // namespace duet
