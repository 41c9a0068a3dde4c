// Matrix products in polynomials, row by row.
#pragma once

#include "rlwe_layout.h"

namespace duet {

// Matrix products [batch, m, k] x [batch, k, n]: `stride` entries of a row of the encrypted factor
// in an upload, so that N/stride columns of the other factor fit into an answer, at multiples of
// the stride.
class MatrixLayout final : public RlweLayout {
 public:
  MatrixLayout(const GilboaSize& size, std::size_t stride);

  // With the stride that is best for little traffic, and for little work where that costs little
  // traffic, among those whose answers one key may give (kFloodingBudget), if there are any. Where
  // even the longest stride takes more than kMostUploads for an answer, flooding() is infinite.
  static MatrixLayout cheapest(const GilboaSize& size);

  std::size_t terms() const override { return answers_ * pieces_; }
  std::size_t results() const override;
  std::vector<Ring> upload(std::size_t index, std::span<const Ring> left) const override;
  Range uploads_of(std::size_t answer) const override;
  void factor(std::size_t answer, std::size_t index, const Rows& right,
              std::span<Ring> poly) const override;
  std::vector<std::size_t> wanted(std::size_t answer) const override;
  std::size_t first_result(std::size_t answer) const override;
  double flooding() const override;

 private:
  std::size_t rows() const { return size_.batch * size_.rows; }
  std::size_t wanted_count(std::size_t answer) const;

  GilboaSize size_;
  std::size_t stride_;
  std::size_t pieces_ = 0;  // uploads of a row
  std::size_t blocks_ = 0;  // answers of a row
};

}  // namespace duet
