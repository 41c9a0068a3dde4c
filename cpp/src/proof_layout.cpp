#include <bit>
#include <numeric>
#include <stdexcept>
#include <string>

#include "duet/proof.h"
#include "proof_parts.h"

namespace duet {
namespace {

void check(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(std::string("a proof's layout: ") + what);
}

}  // namespace

ProofLayout::ProofLayout(std::vector<ProofVector> vectors, std::vector<ProofStatement> statements,
                         std::vector<ProofProduct> products, std::vector<ProofUnitSums> unit_sums)
    : vectors_(std::move(vectors)),
      statements_(std::move(statements)),
      products_(std::move(products)),
      unit_sums_(std::move(unit_sums)),
      all_statements_(statements_.size()) {
  const auto has_squares = [&](std::size_t v) {
    return v < vectors_.size() && vectors_[v].row > 0;
  };
  for (const ProofVector& v : vectors_) {
    check(v.bits >= 64 && v.bits <= kMostShareBits && v.bits % 8 == 0, "64, 72, ... or 104 bits");
    check(v.row == 0 || (std::has_single_bit(v.row) && v.row <= kLongestRow),
          "rows of a power of two");
    check(v.entries < kMostEntries, "too many entries");
  }
  for (const ProofStatement& statement : statements_) {
    for (const ProofTerm& term : statement.terms) {
      check(term.vector < vectors_.size(), "a term is of no vector");
      check(term.square == 0 || has_squares(term.vector), "a square of a vector without rows");
    }
  }
  for (const auto& [first, second] : products_) {
    check(has_squares(first) && has_squares(second), "a product of a vector without rows");
    const bool alike = vectors_[first].entries == vectors_[second].entries &&
                       vectors_[first].row == vectors_[second].row;
    check(alike, "a product of vectors of different lengths, or rows of these");
  }
  for (const auto& [vector, length] : unit_sums_) {
    check(vector < vectors_.size(), "a unit sum is of no vector");
    const std::size_t entries = vectors_[vector].entries;
    check(length > 0 && entries % length == 0, "parts of unit sums do not fill their vector");
    all_statements_ += entries / length;
  }
  for (std::size_t v = 0; v < vectors_.size(); ++v) {
    entries_ += vectors_[v].entries;
    high_bytes_ += vectors_[v].entries * high_bytes_of(vectors_[v]);
    rows_ += rows(v);
    coefficients_ += 2 * vectors_[v].row;
  }
  for (const ProofProduct& product : products_) {
    if (!product.is_square()) coefficients_ += 2 * vectors_[product.first].row;
  }
}

std::size_t ProofLayout::rows(std::size_t vector) const {
  const auto [entries, bits, row] = vectors_[vector];
  return row == 0 ? 0 : (entries + row - 1) / row;
}

std::size_t ProofLayout::message_bytes() const {
  return 8 * (rows_ + 1) + Int256::kBytes * all_statements_;
}

}  // namespace duet
