// Inner products in polynomials, several to an upload.
#pragma once

#include "rlwe_layout.h"

namespace duet {

// Inner products number begin, begin + 1, ..., end - 1 of a batch of vectors of length k, packed
// one after the other: coefficient j of the upload meets coefficient -j of the factor at 0. Their
// results are entries of the batch's, which begins at `first_result`.
class InnerProductLayout final : public RlweLayout {
 public:
  InnerProductLayout(Range entries, std::size_t k, std::size_t first_result = 0);

  std::size_t terms() const override;
  std::size_t results() const override { return answers_; }
  SecretVector<Ring> upload(std::size_t index, const Rows& left) const override;
  Range uploads_of(std::size_t answer) const override;
  void factor(std::size_t answer, std::size_t index, const Rows& right,
              std::span<Ring> poly) const override;
  std::vector<std::size_t> wanted(std::size_t answer) const override;
  std::vector<std::size_t> entries(std::size_t answer) const override;
  double flooding() const override;

 private:
  Range entries_;
  std::size_t k_;
  std::size_t first_result_;
};

}  // namespace duet
