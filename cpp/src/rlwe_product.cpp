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
  if (is_inner_) return result_offset_ + entries_.begin + answer;
  return result_offset_ + answer / blocks_ * size_.columns +
         answer % blocks_ * (kRlweSize / stride_);
}

RlweExchange::RlweExchange(RlweLayout mine, RlweLayout theirs)
    : mine_(std::move(mine)), theirs_(std::move(theirs)) {}
RlweExchange::RlweExchange(RlweExchange&&) noexcept = default;
RlweExchange& RlweExchange::operator=(RlweExchange&&) noexcept = default;
RlweExchange::~RlweExchange() = default;

void RlweExchange::send_uploads(Session& session, std::span<const Ring> left) {
  const RlweKeys& keys = session.rlwe();
  Prg prg(session.random().seed());
  for (std::size_t i = 0; i < mine_.uploads(); ++i) {
    session.channel().send(
        std::span<const std::uint8_t>(keys.mine.encrypt(mine_.upload(i, left), prg)));
  }
}

void RlweExchange::receive_uploads(Session& session, std::span<const Ring> right,
                                   std::span<Ring> out) {
  const RlweKeys& keys = session.rlwe();
  Prg prg(session.random().seed());
  std::deque<RlweCiphertext> held;  // those that the next answer may need
  std::size_t first_held = 0;
  answers_.clear();
  for (std::size_t received = 1; received <= theirs_.uploads(); ++received) {
    held.push_back(RlweCiphertext::parse(session.channel().receive<std::uint8_t>(kUploadBytes)));
    // Answers are computed as soon as all that they need is there.
    for (std::size_t number = answers_.size();
         number < theirs_.answers() && theirs_.uploads_of(number).end <= received; ++number) {
      const Range uploads = theirs_.uploads_of(number);
      for (; first_held < uploads.begin; ++first_held) held.pop_front();
      RlweSum sum;
      for (std::size_t i = uploads.begin; i < uploads.end; ++i) {
        sum.add(held[i - first_held], theirs_.factor(number, i, right));
      }
      const std::vector<std::size_t> wanted = theirs_.wanted(number);
      SecretVector<Ring> masks(wanted.size());
      prg.fill(std::span<std::uint64_t>(masks));
      answers_.push_back(sum.answer(keys.peer, wanted, masks, prg));
      Ring* const result = out.data() + theirs_.first_result(number);
      for (std::size_t i = 0; i < masks.size(); ++i) result[i] += masks[i];
    }
  }
}

void RlweExchange::send_answers(Session& session) {
  for (const std::vector<std::uint8_t>& answer : answers_) {
    session.channel().send(std::span<const std::uint8_t>(answer));
  }
  answers_.clear();
}

void RlweExchange::receive_answers(Session& session, std::span<Ring> out) {
  const RlweKeys& keys = session.rlwe();
  for (std::size_t number = 0; number < mine_.answers(); ++number) {
    const std::vector<std::size_t> wanted = mine_.wanted(number);
    const std::vector<std::uint8_t> bytes =
        session.channel().receive<std::uint8_t>(answer_bytes(wanted.size()));
    const std::vector<Ring> shares = keys.mine.decrypt(bytes, wanted);
    Ring* const result = out.data() + mine_.first_result(number);
    for (std::size_t i = 0; i < shares.size(); ++i) result[i] += shares[i];
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
    // Turns to receiving: for uploads, and for answers if something was sent in between.
    const std::uint64_t turns = (theirs.uploads() > 0 ? 1 : 0) + (mine.answers() > 0 ? 1 : 0);
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
