// How products of one party's encrypted factor and the other's known factor lie in polynomials:
// what is uploaded, what each upload is multiplied with, which coefficients come back
// (docs/rlwe.md, "Where things lie").
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "duet/cost.h"
#include "duet/ring.h"
#include "duet/rows.h"
#include "duet/secret.h"
#include "gilboa.h"

namespace duet {

// One direction of products.
class RlweLayout {
 public:
  virtual ~RlweLayout() = default;

  std::size_t uploads() const { return uploads_; }
  std::size_t answers() const { return answers_; }
  // Answers go over the wire several in one; which ones number `pack` holds.
  std::size_t packs() const { return (answers_ + packed_ - 1) / packed_; }
  Range answers_of(std::size_t pack) const {
    return {pack * packed_, std::min((pack + 1) * packed_, answers_)};
  }

  // Products of an upload with a factor, and entries of the result, in all answers together.
  virtual std::size_t terms() const = 0;
  virtual std::size_t results() const = 0;

  // The coefficients of upload `index`, from the encrypted factor.
  virtual SecretVector<Ring> upload(std::size_t index, const Rows& left) const = 0;

  // The uploads that an answer is made of: from first to last. Both grow with the answer's number.
  virtual Range uploads_of(std::size_t answer) const = 0;
  // What upload `index` is multiplied with for an answer, from the other factor: all coefficients.
  virtual void factor(std::size_t answer, std::size_t index, const Rows& right,
                      std::span<Ring> poly) const = 0;

  // The coefficients that an answer brings, and the entries of the result that they belong to, in
  // the same order.
  virtual std::vector<std::size_t> wanted(std::size_t answer) const = 0;
  virtual std::vector<std::size_t> entries(std::size_t answer) const = 0;

  // The statistical distance from what tells nothing of all answers together.
  virtual double flooding() const = 0;

 protected:
  std::size_t uploads_ = 0;
  std::size_t answers_ = 0;
  std::size_t packed_ = 1;  // answers in one
};

using RlweLayoutPtr = std::shared_ptr<const RlweLayout>;

// Processor time of the party that knows the encrypted factor, and of the other one, on the machine
// of calibration.h: both servers choose layouts by it, so it must not depend on theirs.
double encrypting_seconds(const RlweLayout& layout);
double answering_seconds(const RlweLayout& layout);

// Of products in both directions. `layout_0` and `layout_1`: what party 0 and party 1 encrypt.
// Without LatticeKeys::setup_cost().
Cost rlwe_cost(const RlweLayout& layout_0, const RlweLayout& layout_1);
// Of the party that has more to do, estimated for this processor.
double rlwe_seconds(const RlweLayout& layout_0, const RlweLayout& layout_1);

constexpr std::size_t ceil_divide(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

}  // namespace duet
