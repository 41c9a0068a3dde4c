#include "rlwe_product.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <numeric>
#include <utility>

#include "rlwe.h"

namespace duet {
namespace {

// Uploads are exchanged this many at a time, so that neither party holds more of them than it
// needs.
constexpr std::size_t kWindow = 8;

std::size_t ceil_divide(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

}  // namespace

RlweLayout RlweLayout::inner_products(Range entries, std::size_t k) {
  RlweLayout layout;
  layout.is_inner_ = true;
  layout.entries_ = entries;
  layout.k_ = k;
  const std::size_t count = entries.end - entries.begin;
  layout.uploads_ = k == 0 ? 0 : ceil_divide(count * k, kRlweSize);
  layout.answers_ = k == 0 ? 0 : count;
  return layout;
}

RlweLayout RlweLayout::matrices(const GilboaSize& size) {
  RlweLayout layout;
  layout.size_ = size;
  const std::size_t rows = size.batch * size.rows;
  if (rows * size.inner * size.columns == 0) return layout;
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t stride = 1; stride <= kRlweSize; ++stride) {
    RlweLayout candidate;
    candidate.size_ = size;
    candidate.stride_ = std::min(stride, size.inner);
    candidate.groups_ = ceil_divide(size.inner, candidate.stride_);
    candidate.blocks_ = ceil_divide(size.columns, kRlweSize / candidate.stride_);
    candidate.uploads_ = rows * candidate.groups_;
    candidate.answers_ = rows * candidate.blocks_;
    const std::uint64_t bytes =
        candidate.uploads_ * kUploadBytes + candidate.answers_ * answer_bytes(0);
    if (bytes < least && candidate.groups_ <= kMostUploads) {
      least = bytes;
      layout = candidate;
    }
    if (stride >= size.inner) break;
  }
  return layout;
}

std::vector<Ring> RlweLayout::upload(std::size_t index, std::span<const Ring> left) const {
  std::size_t begin = 0;
  std::size_t count = 0;
  if (is_inner_) {
    begin = entries_.begin * k_ + index * kRlweSize;
    count = std::min(kRlweSize, entries_.end * k_ - begin);
  } else {
    const std::size_t row = index / groups_;
    const std::size_t first = index % groups_ * stride_;
    begin = row * size_.inner + first;
    count = std::min(stride_, size_.inner - first);
  }
  const std::span<const Ring> taken = left.subspan(begin, count);
  return {taken.begin(), taken.end()};
}

Range RlweLayout::uploads_of(std::size_t answer) const {
  if (is_inner_) return {answer * k_ / kRlweSize, ceil_divide((answer + 1) * k_, kRlweSize)};
  const std::size_t row = answer / blocks_;
  return {row * groups_, (row + 1) * groups_};
}

std::vector<Ring> RlweLayout::factor(std::size_t answer, std::size_t index,
                                     std::span<const Ring> right) const {
  std::vector<Ring> poly(kRlweSize, 0);
  if (is_inner_) {
    // Positions, among all entries of the layout, that this upload holds of this inner product.
    const std::size_t begin = std::max(answer * k_, index * kRlweSize);
    const std::size_t end = std::min((answer + 1) * k_, (index + 1) * kRlweSize);
    for (std::size_t i = begin; i < end; ++i) {
      poly[kRlweSize - 1 - i % kRlweSize] = right[entries_.begin * k_ + i];
    }
    return poly;
  }
  const std::size_t batch = answer / blocks_ / size_.rows;
  const std::size_t first = index % groups_ * stride_;
  const std::size_t count = std::min(stride_, size_.inner - first);
  const std::size_t column = answer % blocks_ * (kRlweSize / stride_);
  const std::size_t columns = wanted_count(answer);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t row = (batch * size_.inner + first + i) * size_.columns + column;
    for (std::size_t c = 0; c < columns; ++c) {
      poly[c * stride_ + stride_ - 1 - i] = right[row + c];
    }
  }
  return poly;
}

std::size_t RlweLayout::wanted_count(std::size_t answer) const {
  if (is_inner_) return 1;
  const std::size_t columns = kRlweSize / stride_;
  return std::min(columns, size_.columns - answer % blocks_ * columns);
}

std::vector<std::size_t> RlweLayout::wanted(std::size_t answer) const {
  if (is_inner_) return {kRlweSize - 1};
  std::vector<std::size_t> positions(wanted_count(answer));
  for (std::size_t c = 0; c < positions.size(); ++c) positions[c] = c * stride_ + stride_ - 1;
  return positions;
}

std::size_t RlweLayout::first_result(std::size_t answer) const {
  if (is_inner_) return entries_.begin + answer;
  return answer / blocks_ * size_.columns + answer % blocks_ * (kRlweSize / stride_);
}

namespace {

// Answers to the peer's uploads, as soon as all that an answer needs is there.
class Evaluator {
 public:
  Evaluator(Session& session, const RlweLayout& layout, std::span<const Ring> right,
            std::span<Ring> out)
      : session_(session),
        layout_(layout),
        right_(right),
        out_(out),
        prg_(session.random().seed()) {}

  void receive_upload() {
    const std::vector<std::uint8_t> bytes = session_.channel().receive<std::uint8_t>(kUploadBytes);
    held_.push_back(RlweCiphertext::parse(bytes));
    ++received_;
    while (answers_.size() < layout_.answers() &&
           layout_.uploads_of(answers_.size()).end <= received_) {
      answer(answers_.size());
    }
  }

  void send_answers() {
    for (const std::vector<std::uint8_t>& answer : answers_) {
      session_.channel().send(std::span<const std::uint8_t>(answer));
    }
  }

 private:
  void answer(std::size_t number) {
    const Range uploads = layout_.uploads_of(number);
    for (; first_held_ < uploads.begin; ++first_held_) held_.pop_front();
    RlweSum sum;
    for (std::size_t i = uploads.begin; i < uploads.end; ++i) {
      sum.add(held_[i - first_held_], layout_.factor(number, i, right_));
    }
    const std::vector<std::size_t> wanted = layout_.wanted(number);
    SecretVector<Ring> masks(wanted.size());
    prg_.fill(std::span<std::uint64_t>(masks));
    answers_.push_back(sum.answer(session_.rlwe().peer, wanted, masks, prg_));
    for (std::size_t i = 0; i < masks.size(); ++i)
      out_[layout_.first_result(number) + i] += masks[i];
  }

  Session& session_;
  const RlweLayout& layout_;
  std::span<const Ring> right_;
  std::span<Ring> out_;
  Prg prg_;
  std::deque<RlweCiphertext> held_;
  std::size_t first_held_ = 0;
  std::size_t received_ = 0;
  std::vector<std::vector<std::uint8_t>> answers_;
};

}  // namespace

void rlwe_products(Session& session, const RlweLayout& mine, std::span<const Ring> left,
                   const RlweLayout& theirs, std::span<const Ring> right, std::span<Ring> out) {
  const RlweKeys& keys = session.rlwe();
  Channel& channel = session.channel();
  Prg prg(session.random().seed());
  Evaluator evaluator(session, theirs, right, out);
  for (std::size_t begin = 0; begin < std::max(mine.uploads(), theirs.uploads());
       begin += kWindow) {
    for (std::size_t i = begin; i < std::min(begin + kWindow, mine.uploads()); ++i) {
      channel.send(std::span<const std::uint8_t>(keys.mine.encrypt(mine.upload(i, left), prg)));
    }
    for (std::size_t i = begin; i < std::min(begin + kWindow, theirs.uploads()); ++i) {
      evaluator.receive_upload();
    }
  }
  evaluator.send_answers();
  for (std::size_t answer = 0; answer < mine.answers(); ++answer) {
    const std::vector<std::size_t> wanted = mine.wanted(answer);
    const std::vector<std::uint8_t> bytes =
        channel.receive<std::uint8_t>(answer_bytes(wanted.size()));
    const std::vector<Ring> shares = keys.mine.decrypt(bytes, wanted);
    for (std::size_t i = 0; i < shares.size(); ++i) out[mine.first_result(answer) + i] += shares[i];
  }
}

Cost rlwe_cost(const RlweLayout& layout_0, const RlweLayout& layout_1) {
  const std::array<const RlweLayout*, 2> layouts{&layout_0, &layout_1};
  Cost cost;
  for (std::size_t party = 0; party < 2; ++party) {
    const RlweLayout& mine = *layouts[party];
    const RlweLayout& theirs = *layouts[1 - party];
    cost.messages[party] = mine.uploads() + theirs.answers();
    cost.bytes[party] = mine.uploads() * framed_bytes(kUploadBytes) + theirs.answer_bytes_total();
    // Turns from sending to receiving, in the order of rlwe_products().
    std::uint64_t turns = 0;
    bool has_sent = true;
    const auto receive = [&] { turns += std::exchange(has_sent, false) ? 1 : 0; };
    for (std::size_t begin = 0; begin < std::max(mine.uploads(), theirs.uploads());
         begin += kWindow) {
      if (begin < mine.uploads()) has_sent = true;
      if (begin < theirs.uploads()) receive();
    }
    if (theirs.answers() > 0) has_sent = true;
    if (mine.answers() > 0) receive();
    cost.rounds = std::max(cost.rounds, turns);
  }
  return cost;
}

std::uint64_t RlweLayout::answer_bytes_total() const {
  if (answers_ == 0) return 0;
  if (is_inner_) return answers_ * framed_bytes(answer_bytes(1));
  // All answers of a row but the last bring as many columns as fit.
  const std::uint64_t rows = answers_ / blocks_;
  const std::uint64_t full = (blocks_ - 1) * framed_bytes(answer_bytes(kRlweSize / stride_));
  return rows * (full + framed_bytes(answer_bytes(wanted_count(blocks_ - 1))));
}

}  // namespace duet
