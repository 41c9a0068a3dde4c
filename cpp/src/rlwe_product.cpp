#include "rlwe_product.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>

#include "parallel.h"
#include "rlwe.h"

namespace duet {
namespace {

// This many uploads are worked on at a time.
constexpr std::size_t kWindow = 16;

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
    const std::vector<std::size_t> entries = layout.entries(answer);
    for (std::size_t i = 0; i < entries.size(); ++i) out[entries[i]] += values[i];
    values = values.subspan(entries.size());
  }
}

// Products are added up so many uploads at a time, for so many answers one after the other: what is
// read of the uploads and of the factors stays in the second cache.
constexpr std::size_t kUploadsTogether = 4;
constexpr std::size_t kAnswersTogether = 4;

// Answers to which the same uploads are to be added.
struct Work {
  Range answers;
  Range uploads;
};

// Adds products modulo some of the primes.
void add_products(const RlweLayout& layout, const Work& work, Range primes, const HeldUploads& held,
                  const Rows& right, std::span<RlweSum> sums) {
  SecretVector<Ring> factors(sums.size() * kUploadsTogether * kRlweSize);
  SecretVector<std::uint64_t> transforms(kUploadsTogether * kRlweSize);
  for (std::size_t begin = work.uploads.begin; begin < work.uploads.end;
       begin += kUploadsTogether) {
    const std::size_t count = std::min(kUploadsTogether, work.uploads.end - begin);
    for (std::size_t i = 0; i < sums.size() * count; ++i) {
      layout.factor(work.answers.begin + i / count, begin + i % count, right, part(factors, i));
    }
    for (std::size_t prime = primes.begin; prime < primes.end; ++prime) {
      for (std::size_t answer = 0; answer < sums.size(); ++answer) {
        std::vector<RlweTerm> terms;
        for (std::size_t i = 0; i < count; ++i) {
          transform_factor(part(factors, answer * count + i), prime, part(transforms, i));
          terms.push_back({&held[begin + i], part(transforms, i)});
        }
        sums[answer].add(terms, prime);
      }
    }
  }
}

// Adds the products with the uploads of a window to the sums of those answers that need them.
void add_products(Session& session, const RlweLayout& layout, Range answers, Range window,
                  const HeldUploads& held, const Rows& right, std::span<RlweSum> sums) {
  const std::size_t threads = thread_count(session.options().threads);
  const std::size_t together = std::clamp<std::size_t>(sums.size() / threads, 1, kAnswersTogether);
  std::vector<Work> all;
  for (std::size_t answer = answers.begin; answer < answers.end; ++answer) {
    const Range needed = layout.uploads_of(answer);
    const Range uploads{std::max(needed.begin, window.begin), std::min(needed.end, window.end)};
    if (uploads.begin >= uploads.end) continue;
    if (!all.empty() && all.back().uploads == uploads && size(all.back().answers) < together) {
      ++all.back().answers.end;
    } else {
      all.push_back({{answer, answer + 1}, uploads});
    }
  }
  // Where there are more threads than that, they share the primes.
  const std::size_t shares = all.size() < threads ? kRlwePrimes : 1;
  const std::size_t primes = kRlwePrimes / shares;
  session.parallel(all.size() * shares, [&](std::size_t i) {
    const Work& work = all[i / shares];
    const std::size_t prime = i % shares * primes;
    add_products(layout, work, {prime, prime + primes}, held, right,
                 sums.subspan(work.answers.begin - answers.begin, size(work.answers)));
  });
}

// The answers of a pack as one message; adds the masks, this party's shares, to the result. Clears
// the sums.
std::vector<std::uint8_t> finish(Session& session, const RlwePublicKey& key,
                                 const RlweLayout& layout, Range answers, std::span<RlweSum> sums,
                                 std::span<PackedCiphertext> parts, Prg& seeds,
                                 std::span<Ring> out) {
  std::vector<Block> seed(sums.size());
  seeds.fill(std::span<Block>(seed));
  session.parallel(sums.size(), [&](std::size_t i) {
    Prg prg(seed[i]);
    const std::size_t answer = answers.begin + i;
    const std::vector<std::size_t> wanted = layout.wanted(answer);
    SecretVector<Ring> masks(wanted.size());
    prg.fill(std::span<std::uint64_t>(masks));
    sums[i].mask(key, wanted, masks, prg, parts[i]);
    sums[i].clear();
    add_results(layout, {answer, answer + 1}, masks, out);
  });
  const Parallel parallel = [&](std::size_t count, const std::function<void(std::size_t)>& task) {
    session.parallel(count, task);
  };
  key.packing.pack(parts, parallel);
  return answer_of(parts.front(), wanted_of(layout, answers));
}

}  // namespace

RlweExchange::RlweExchange(Session& session, RlweLayoutPtr mine, RlweLayoutPtr theirs)
    : mine_(std::move(mine)), theirs_(std::move(theirs)) {
  Flooding flooding{mine_->flooding(), theirs_->flooding()};
  if (session.party() == 1) std::swap(flooding[0], flooding[1]);
  keys_ = session.rlwe(flooding);
}
RlweExchange::RlweExchange(RlweExchange&&) noexcept = default;
RlweExchange& RlweExchange::operator=(RlweExchange&&) noexcept = default;
RlweExchange::~RlweExchange() = default;

void RlweExchange::send_uploads(Session& session, const Rows& left) {
  const RlweSecretKey& key = keys_->mine;
  Prg seeds(session.random().seed());
  for (std::size_t begin = 0; begin < mine_->uploads(); begin += kWindow) {
    const std::size_t count = std::min(kWindow, mine_->uploads() - begin);
    std::vector<Block> seed(count);
    seeds.fill(std::span<Block>(seed));
    std::vector<std::vector<std::uint8_t>> uploads(count);
    session.parallel(count, [&](std::size_t i) {
      Prg prg(seed[i]);
      uploads[i] = key.encrypt(mine_->upload(begin + i, left), prg);
    });
    for (const std::vector<std::uint8_t>& upload : uploads) {
      session.channel().send(std::span<const std::uint8_t>(upload));
    }
  }
}

void RlweExchange::receive_uploads(Session& session, const Rows& right, std::span<Ring> out) {
  Prg seeds(session.random().seed());
  HeldUploads held;
  std::vector<RlweSum> sums;  // of a pack, and what is made of them: their memory is used again
  std::vector<PackedCiphertext> parts;
  answers_.clear();
  for (std::size_t pack = 0; pack < theirs_->packs(); ++pack) {
    const Range answers = theirs_->answers_of(pack);
    const bool is_last = answers.end == theirs_->answers();
    const std::size_t needed_from =
        is_last ? theirs_->uploads() : theirs_->uploads_of(answers.end).begin;
    const Range uploads{theirs_->uploads_of(answers.begin).begin,
                        theirs_->uploads_of(answers.end - 1).end};
    sums.resize(answers.end - answers.begin);
    parts.resize(sums.size());
    for (std::size_t begin = uploads.begin; begin < uploads.end; begin += kWindow) {
      const Range window{begin, std::min(begin + kWindow, uploads.end)};
      held.receive(session, window.end);
      add_products(session, *theirs_, answers, window, held, right, sums);
      held.drop_before(std::min(needed_from, window.end));
    }
    answers_.push_back(finish(session, keys_->peer, *theirs_, answers, sums, parts, seeds, out));
  }
}

void RlweExchange::send_answers(Session& session) {
  for (const std::vector<std::uint8_t>& answer : answers_) {
    session.channel().send(std::span<const std::uint8_t>(answer));
  }
  answers_.clear();
}

void RlweExchange::receive_answers(Session& session, std::span<Ring> out) {
  for (std::size_t pack = 0; pack < mine_->packs(); ++pack) {
    const std::vector<std::size_t> wanted = wanted_of(*mine_, mine_->answers_of(pack));
    const std::vector<std::uint8_t> bytes =
        session.channel().receive<std::uint8_t>(answer_bytes(wanted.size()));
    add_results(*mine_, mine_->answers_of(pack), keys_->mine.decrypt(bytes, wanted), out);
  }
}

}  // namespace duet
