// Matrix products in polynomials, block by block.
#pragma once

#include "rlwe_layout.h"

namespace duet {

// How a matrix product is cut into blocks: of `height` rows of the encrypted factor `stride`
// entries each are in an upload.
struct MatrixBlocks {
  std::size_t stride;
  std::size_t height = 1;
};

// Matrix products [batch, m, k] x [batch, k, n], laid out in blocks of all three axes as by Hao,
// Li, Chen, Xing, Xu, Zhang, "Iron: Private Inference on Transformers", NeurIPS 2022. An answer is
// for N/(height·stride) columns of the other factor; its results are at multiples of the stride.
class MatrixLayout : public RlweLayout {
 public:
  MatrixLayout(const GilboaSize& size, MatrixBlocks blocks);

  // With the blocks that are best for little traffic, and for little work where that costs little
  // traffic, among those whose answers one key may give (kFloodingBudget), if there are any. Where
  // even the longest stride takes more than kMostUploads for an answer, flooding() is infinite.
  static MatrixLayout cheapest(const GilboaSize& size);

  std::size_t terms() const override { return answers_ * pieces_; }
  std::size_t results() const override;
  SecretVector<Ring> upload(std::size_t index, const Rows& left) const override;
  Range uploads_of(std::size_t answer) const override;
  void factor(std::size_t answer, std::size_t index, const Rows& right,
              std::span<Ring> poly) const override;
  std::vector<std::size_t> wanted(std::size_t answer) const override;
  std::vector<std::size_t> entries(std::size_t answer) const override;
  double flooding() const override;

 protected:
  // What a factor takes: entries `inner` of columns `columns` of matrix number `matrix`. Entry i of
  // column c, counted from their beginnings, lies at coefficient c·spacing() - i, where X^N = -1.
  struct Part {
    std::size_t matrix;
    Range inner;
    Range columns;
  };
  Part part_of(std::size_t answer, std::size_t index) const;
  std::size_t spacing() const { return blocks_.height * blocks_.stride; }

 private:
  Range inner_of(std::size_t index) const;
  // Of all rows of the batch, which ones upload `index` holds.
  Range rows_of(std::size_t index) const;

  GilboaSize size_;
  MatrixBlocks blocks_;
  std::size_t pieces_ = 0;  // uploads that a row reaches into
  std::size_t bands_ = 0;   // of a matrix: rows that are in the same uploads
  std::size_t width_ = 0;   // columns of an answer
  std::size_t spans_ = 0;   // answers of a band
};

}  // namespace duet
