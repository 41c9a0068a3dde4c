// Shares of matrix products of which one party knows one factor and the other party the other, by
// lattice encryption: Huang, Lu, Hong, Ding, "Cheetah", USENIX Security 2022, section 3. One party
// uploads its factor encrypted; the other multiplies it with its own, subtracts random masks, which
// are its shares, and sends back the coefficients that matter.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "duet/cost.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "gilboa.h"

namespace duet {

// How a direction's products lie in polynomials: what is uploaded, which answers come back.
class RlweLayout {
 public:
  // Inner products number begin, begin + 1, ..., end - 1 of a batch of vectors of length k, packed
  // one after the other: coefficient j of the upload meets coefficient -j of the factor at 0.
  static RlweLayout inner_products(Range entries, std::size_t k);

  // Matrix products [batch, m, k] x [batch, k, n], row by row: `stride` entries of a row in a
  // polynomial, so that N/stride columns fit into an answer, at multiples of the stride, which is
  // chosen for little traffic, and for little work where that costs little traffic, among those
  // whose answers one key may give (kFloodingBudget), if there are any.
  static RlweLayout matrices(const GilboaSize& size);

  // The same layout, with its results further on.
  RlweLayout with_results_from(std::size_t first) const {
    RlweLayout moved = *this;
    moved.result_offset_ = first;
    return moved;
  }

  std::size_t uploads() const { return uploads_; }
  // Products of an upload with a factor.
  std::size_t terms() const;
  std::size_t answers() const { return answers_; }
  // Answers go over the wire several in one; which ones number `pack` holds.
  std::size_t packs() const { return (answers_ + packed_ - 1) / packed_; }
  Range answers_of(std::size_t pack) const {
    return {pack * packed_, std::min((pack + 1) * packed_, answers_)};
  }

  // The coefficients of upload `index`, from the encrypted factor.
  std::vector<Ring> upload(std::size_t index, std::span<const Ring> left) const;

  // The uploads that an answer is made of: from first to last. Both grow with the answer's number.
  Range uploads_of(std::size_t answer) const;
  // What upload `index` is multiplied with for an answer, from the other factor.
  std::vector<Ring> factor(std::size_t answer, std::size_t index,
                           std::span<const Ring> right) const;

  // The coefficients that an answer brings, and the entries of the result that they belong to.
  std::vector<std::size_t> wanted(std::size_t answer) const;
  std::size_t first_result(std::size_t answer) const;

  // The statistical distance from what tells nothing of all answers together.
  double flooding() const;

  // On the wire, all answers together.
  std::uint64_t answer_bytes_total() const;

 private:
  RlweLayout() = default;
  std::size_t wanted_count(std::size_t answer) const;

  bool is_inner_ = false;
  Range entries_{0, 0};  // of inner products
  GilboaSize size_{};    // of matrices
  std::size_t k_ = 0;
  std::size_t stride_ = 0;
  std::size_t result_offset_ = 0;
  std::size_t pieces_ = 0;  // uploads of a row
  std::size_t blocks_ = 0;  // answers of a row
  std::size_t uploads_ = 0;
  std::size_t answers_ = 0;
  std::size_t packed_ = 1;  // answers in one
};

// Shares of two products at once, which makes four steps: `mine`, of which this party knows the
// encrypted factor (`left`), and the peer's layout `theirs`, of which it knows the other factor
// (`right`). The peer has the layouts swapped.
class RlweExchange {
 public:
  // In the setup phase, both parties at the same point: new keys may be exchanged.
  RlweExchange(Session& session, RlweLayout mine, RlweLayout theirs);
  RlweExchange(RlweExchange&&) noexcept;
  RlweExchange& operator=(RlweExchange&&) noexcept;
  ~RlweExchange();

  void send_uploads(Session& session, std::span<const Ring> left);
  // Computes the answers and adds this party's shares of the peer's products to `out`.
  void receive_uploads(Session& session, std::span<const Ring> right, std::span<Ring> out);
  void send_answers(Session& session);
  // Adds this party's shares of its own products.
  void receive_answers(Session& session, std::span<Ring> out);

 private:
  RlweLayout mine_;
  RlweLayout theirs_;
  std::shared_ptr<const RlweKeys> keys_;
  std::vector<std::vector<std::uint8_t>> answers_;  // packed
};

// `layout_0` and `layout_1`: what party 0 and party 1 encrypt. Without init_rlwe_cost().
Cost rlwe_cost(const RlweLayout& layout_0, const RlweLayout& layout_1);

// An estimate of the processor time that it takes of the party that has more to do.
double rlwe_seconds(const RlweLayout& layout_0, const RlweLayout& layout_1);

}  // namespace duet
