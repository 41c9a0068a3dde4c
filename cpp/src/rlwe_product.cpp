#include "rlwe_product.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <functional>
#include <limits>
#include <utility>

#include "rlwe.h"

namespace duet {
namespace {

// This many uploads are worked on at a time.
constexpr std::size_t kWindow = 8;

// Processor seconds of the steps, measured with benchmarks/lattice.cpp on a core of a server of
// 2024.
constexpr double kEncrypt = 500e-6, kParse = 85e-6, kAdd = 120e-6;
constexpr double kMask = 660e-6, kMerge = 590e-6, kSwitch = 40e-6, kDecrypt = 240e-6;

// Where layouts are compared, a second of processor time counts as much as these bytes.
constexpr double kBytesPerSecond = 4e6;

std::size_t ceil_divide(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// How many answers with results at multiples of `stride` fit into one: a power of two.
std::size_t packed_at(std::size_t stride) {
  return std::size_t{1} << std::min(static_cast<std::size_t>(std::countr_zero(stride)),
                                    kPackingLevels);
}

// Coefficient -index of a polynomial, where X^N = -1.
void put_at_negative(std::vector<Ring>& poly, std::size_t index, Ring value) {
  if (index == 0) {
    poly[0] = value;
  } else {
    poly[kRlweSize - index] = 0 - value;
  }
}

double times(double seconds, std::size_t count) { return seconds * static_cast<double>(count); }

// What the party has to do that knows the encrypted factor, and what the other one.
double encrypting_seconds(const RlweLayout& layout) {
  return times(kEncrypt, layout.uploads()) + times(kDecrypt, layout.packs());
}
double answering_seconds(const RlweLayout& layout) {
  return times(kParse, layout.uploads()) + times(kAdd, layout.terms()) +
         times(kMask, layout.answers()) + times(kMerge, layout.answers() - layout.packs()) +
         times(kSwitch, layout.packs());
}

// The uploads that the next answers may need, from number first() on.
class HeldUploads {
 public:
  std::size_t first() const { return first_; }
  const RlweCiphertext& operator[](std::size_t index) const { return held_[index - first_]; }

  // Receives all before `end`.
  void receive(Session& session, std::size_t end) {
    const std::size_t had = held_.size();
    if (end <= first_ + had) return;
    std::vector<std::vector<std::uint8_t>> bytes;
    while (first_ + had + bytes.size() < end) {
      bytes.push_back(session.channel().receive<std::uint8_t>(kUploadBytes));
    }
    held_.resize(had + bytes.size());
    session.parallel(bytes.size(), [&](std::size_t i) {
      held_[had + i] = RlweCiphertext::parse(bytes[i], kRlwePrimes);
    });
  }

  void drop_before(std::size_t index) {
    for (; first_ < index && !held_.empty(); ++first_) held_.pop_front();
  }

 private:
  std::deque<RlweCiphertext> held_;
  std::size_t first_ = 0;
};

}  // namespace

RlweLayout RlweLayout::inner_products(Range entries, std::size_t k) {
  RlweLayout layout;
  layout.is_inner_ = true;
  layout.entries_ = entries;
  layout.k_ = k;
  layout.packed_ = kMostPacked;
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
  const std::size_t longest =
      std::min(ceil_divide(size.inner, kMostPacked) * kMostPacked, kRlweSize);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t stride = 1; stride <= longest; ++stride) {
    RlweLayout candidate;
    candidate.size_ = size;
    candidate.stride_ = stride;
    candidate.pieces_ = ceil_divide(size.inner, stride);
    candidate.blocks_ = ceil_divide(size.columns, kRlweSize / stride);
    candidate.uploads_ = rows * candidate.pieces_;
    candidate.answers_ = rows * candidate.blocks_;
    candidate.packed_ = packed_at(stride);
    const std::uint64_t bytes =
        candidate.uploads_ * kUploadBytes + candidate.packs() * answer_bytes(0);
    const double seconds = encrypting_seconds(candidate) + answering_seconds(candidate);
    const double beyond = std::max(candidate.flooding() / kFloodingBudget - 1, 0.0);
    const double effort = static_cast<double>(bytes) + kBytesPerSecond * seconds + 1e18 * beyond;
    if (effort < least && candidate.pieces_ <= kMostUploads) {
      least = effort;
      layout = candidate;
    }
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
    const std::size_t row = index / pieces_;
    const std::size_t first = index % pieces_ * stride_;
    begin = row * size_.inner + first;
    count = std::min(stride_, size_.inner - first);
  }
  const std::span<const Ring> taken = left.subspan(begin, count);
  return {taken.begin(), taken.end()};
}

std::size_t RlweLayout::terms() const {
  if (!is_inner_) return answers_ * pieces_;
  std::size_t count = 0;
  for (std::size_t answer = 0; answer < answers_; ++answer) {
    count += uploads_of(answer).end - uploads_of(answer).begin;
  }
  return count;
}

Range RlweLayout::uploads_of(std::size_t answer) const {
  if (is_inner_) return {answer * k_ / kRlweSize, ceil_divide((answer + 1) * k_, kRlweSize)};
  const std::size_t row = answer / blocks_;
  return {row * pieces_, (row + 1) * pieces_};
}

std::vector<Ring> RlweLayout::factor(std::size_t answer, std::size_t index,
                                     std::span<const Ring> right) const {
  std::vector<Ring> poly(kRlweSize, 0);
  if (is_inner_) {
    // Positions, among all entries of the layout, that this upload holds of this inner product.
    const std::size_t begin = std::max(answer * k_, index * kRlweSize);
    const std::size_t end = std::min((answer + 1) * k_, (index + 1) * kRlweSize);
    for (std::size_t i = begin; i < end; ++i) {
      put_at_negative(poly, i % kRlweSize, right[entries_.begin * k_ + i]);
    }
    return poly;
  }
  const std::size_t batch = answer / blocks_ / size_.rows;
  const std::size_t first = index % pieces_ * stride_;
  const std::size_t count = std::min(stride_, size_.inner - first);
  const std::size_t column = answer % blocks_ * (kRlweSize / stride_);
  const std::size_t columns = wanted_count(answer);
  for (std::size_t i = 0; i < count; ++i) {
    const Ring* row = right.data() + (batch * size_.inner + first + i) * size_.columns + column;
    put_at_negative(poly, i, row[0]);
    for (std::size_t c = 1; c < columns; ++c) poly[c * stride_ - i] = row[c];
  }
  return poly;
}

std::size_t RlweLayout::wanted_count(std::size_t answer) const {
  if (is_inner_) return 1;
  const std::size_t columns = kRlweSize / stride_;
  return std::min(columns, size_.columns - answer % blocks_ * columns);
}

std::vector<std::size_t> RlweLayout::wanted(std::size_t answer) const {
  std::vector<std::size_t> positions(wanted_count(answer));
  for (std::size_t c = 0; c < positions.size(); ++c) positions[c] = c * stride_;
  return positions;
}

std::size_t RlweLayout::first_result(std::size_t answer) const {
  if (is_inner_) return result_offset_ + entries_.begin + answer;
  return result_offset_ + answer / blocks_ * size_.columns +
         answer % blocks_ * (kRlweSize / stride_);
}

double RlweLayout::flooding() const {
  if (!is_inner_) {
    const std::size_t rows = size_.batch * size_.rows;
    return answers_ == 0 ? 0
                         : static_cast<double>(rows * size_.columns) * flooding_distance(pieces_);
  }
  double sum = 0;
  for (std::size_t answer = 0; answer < answers_; ++answer) {
    const Range uploads = uploads_of(answer);
    sum += flooding_distance(uploads.end - uploads.begin);
  }
  return sum;
}

std::uint64_t RlweLayout::answer_bytes_total() const {
  // Every result comes back once, besides the polynomials; a message is shorter than a frame.
  const std::size_t results = is_inner_ ? answers_ : size_.batch * size_.rows * size_.columns;
  return packs() * framed_bytes(answer_bytes(0)) + results * kSwitchedBytes;
}
static_assert(answer_bytes(kRlweSize) <= kMaxFrameBytes);

namespace {

// Where the results of packed answers lie: those of the i-th are i further on than in the answer.
std::vector<std::size_t> wanted_of(const RlweLayout& layout, Range answers) {
  std::vector<std::size_t> all;
  for (std::size_t answer = answers.begin; answer < answers.end; ++answer) {
    for (const std::size_t position : layout.wanted(answer)) {
      all.push_back(position + answer - answers.begin);
    }
  }
  return all;
}

// Adds what packed answers bring, in their order, to the entries of the result.
void add_results(const RlweLayout& layout, Range answers, std::span<const Ring> values,
                 std::span<Ring> out) {
  for (std::size_t answer = answers.begin; answer < answers.end; ++answer) {
    const std::size_t count = layout.wanted(answer).size();
    Ring* const result = out.data() + layout.first_result(answer);
    for (std::size_t i = 0; i < count; ++i) result[i] += values[i];
    values = values.subspan(count);
  }
}

// Adds the products with the uploads of a window to the sums of those answers that need them.
void add_products(Session& session, const RlweLayout& layout, Range answers, Range window,
                  const HeldUploads& held, std::span<const Ring> right,
                  std::vector<RlweSum>& sums) {
  struct Term {
    std::size_t answer;
    std::size_t upload;
    std::vector<Ring> factor;
  };
  std::vector<Term> terms;
  std::vector<Range> terms_of;  // each answer's
  for (std::size_t answer = answers.begin; answer < answers.end; ++answer) {
    const Range uploads = layout.uploads_of(answer);
    const std::size_t end = std::min(uploads.end, window.end);
    const std::size_t begin = terms.size();
    for (std::size_t i = std::max(uploads.begin, window.begin); i < end; ++i) {
      terms.push_back({answer, i, {}});
    }
    terms_of.push_back({begin, terms.size()});
  }
  session.parallel(terms.size(), [&](std::size_t i) {
    terms[i].factor = layout.factor(terms[i].answer, terms[i].upload, right);
  });
  session.parallel(sums.size() * kRlwePrimes, [&](std::size_t i) {
    const Range range = terms_of[i / kRlwePrimes];
    for (std::size_t term = range.begin; term < range.end; ++term) {
      sums[i / kRlwePrimes].add(held[terms[term].upload], terms[term].factor, i % kRlwePrimes);
    }
  });
}

// The answers of a pack as one message; adds the masks, this party's shares, to the result.
std::vector<std::uint8_t> finish(Session& session, const RlwePublicKey& key,
                                 const RlweLayout& layout, Range answers,
                                 const std::vector<RlweSum>& sums, Prg& seeds,
                                 std::span<Ring> out) {
  std::vector<Block> seed(sums.size());
  seeds.fill(std::span<Block>(seed));
  std::vector<PackedCiphertext> parts(sums.size());
  session.parallel(sums.size(), [&](std::size_t i) {
    Prg prg(seed[i]);
    const std::size_t answer = answers.begin + i;
    const std::vector<std::size_t> wanted = layout.wanted(answer);
    SecretVector<Ring> masks(wanted.size());
    prg.fill(std::span<std::uint64_t>(masks));
    parts[i] = sums[i].masked(key, wanted, masks, prg);
    add_results(layout, {answer, answer + 1}, masks, out);
  });
  const Parallel parallel = [&](std::size_t count, const std::function<void(std::size_t)>& task) {
    session.parallel(count, task);
  };
  return answer_of(key.packing.pack(std::move(parts), parallel), wanted_of(layout, answers));
}

}  // namespace

RlweExchange::RlweExchange(Session& session, RlweLayout mine, RlweLayout theirs)
    : mine_(std::move(mine)), theirs_(std::move(theirs)) {
  Flooding flooding{mine_.flooding(), theirs_.flooding()};
  if (session.party() == 1) std::swap(flooding[0], flooding[1]);
  keys_ = session.rlwe(flooding);
}
RlweExchange::RlweExchange(RlweExchange&&) noexcept = default;
RlweExchange& RlweExchange::operator=(RlweExchange&&) noexcept = default;
RlweExchange::~RlweExchange() = default;

void RlweExchange::send_uploads(Session& session, std::span<const Ring> left) {
  const RlweSecretKey& key = keys_->mine;
  Prg seeds(session.random().seed());
  for (std::size_t begin = 0; begin < mine_.uploads(); begin += kWindow) {
    const std::size_t count = std::min(kWindow, mine_.uploads() - begin);
    std::vector<Block> seed(count);
    seeds.fill(std::span<Block>(seed));
    std::vector<std::vector<std::uint8_t>> uploads(count);
    session.parallel(count, [&](std::size_t i) {
      Prg prg(seed[i]);
      uploads[i] = key.encrypt(mine_.upload(begin + i, left), prg);
    });
    for (const std::vector<std::uint8_t>& upload : uploads) {
      session.channel().send(std::span<const std::uint8_t>(upload));
    }
  }
}

void RlweExchange::receive_uploads(Session& session, std::span<const Ring> right,
                                   std::span<Ring> out) {
  Prg seeds(session.random().seed());
  HeldUploads held;
  answers_.clear();
  for (std::size_t pack = 0; pack < theirs_.packs(); ++pack) {
    const Range answers = theirs_.answers_of(pack);
    const bool is_last = answers.end == theirs_.answers();
    const std::size_t needed_from =
        is_last ? theirs_.uploads() : theirs_.uploads_of(answers.end).begin;
    const Range uploads{theirs_.uploads_of(answers.begin).begin,
                        theirs_.uploads_of(answers.end - 1).end};
    std::vector<RlweSum> sums(answers.end - answers.begin);
    for (std::size_t begin = uploads.begin; begin < uploads.end; begin += kWindow) {
      const Range window{begin, std::min(begin + kWindow, uploads.end)};
      held.receive(session, window.end);
      add_products(session, theirs_, answers, window, held, right, sums);
      held.drop_before(std::min(needed_from, window.end));
    }
    answers_.push_back(finish(session, keys_->peer, theirs_, answers, sums, seeds, out));
  }
}

void RlweExchange::send_answers(Session& session) {
  for (const std::vector<std::uint8_t>& answer : answers_) {
    session.channel().send(std::span<const std::uint8_t>(answer));
  }
  answers_.clear();
}

void RlweExchange::receive_answers(Session& session, std::span<Ring> out) {
  for (std::size_t pack = 0; pack < mine_.packs(); ++pack) {
    const std::vector<std::size_t> wanted = wanted_of(mine_, mine_.answers_of(pack));
    const std::vector<std::uint8_t> bytes =
        session.channel().receive<std::uint8_t>(answer_bytes(wanted.size()));
    add_results(mine_, mine_.answers_of(pack), keys_->mine.decrypt(bytes, wanted), out);
  }
}

Cost rlwe_cost(const RlweLayout& layout_0, const RlweLayout& layout_1) {
  const std::array<const RlweLayout*, 2> layouts{&layout_0, &layout_1};
  Cost cost;
  for (std::size_t party = 0; party < 2; ++party) {
    const RlweLayout& mine = *layouts[party];
    const RlweLayout& theirs = *layouts[1 - party];
    cost.messages[party] = mine.uploads() + theirs.packs();
    cost.bytes[party] = mine.uploads() * framed_bytes(kUploadBytes) + theirs.answer_bytes_total();
    // Turns to receiving: for uploads, and for answers if something was sent in between.
    const std::uint64_t turns = (theirs.uploads() > 0 ? 1 : 0) + (mine.answers() > 0 ? 1 : 0);
    cost.rounds = std::max(cost.rounds, turns);
  }
  return cost;
}

double rlwe_seconds(const RlweLayout& layout_0, const RlweLayout& layout_1) {
  return std::max(encrypting_seconds(layout_0) + answering_seconds(layout_1),
                  encrypting_seconds(layout_1) + answering_seconds(layout_0));
}

}  // namespace duet
