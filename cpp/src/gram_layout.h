// Half of a Gram matrix in polynomials.
#pragma once

#include "matrix_layout.h"

namespace duet {

// Of X·Yᵀ, for X and Y of shape [n, k], what entries `inner` of the rows contribute. Rows are what
// is read of both factors.
class GramLayout final : public MatrixLayout {
 public:
  GramLayout(std::size_t n, Range inner);

  SecretVector<Ring> upload(std::size_t index, const Rows& left) const override;
  void factor(std::size_t answer, std::size_t index, const Rows& right,
              std::span<Ring> poly) const override;

 private:
  std::size_t first_;
};

}  // namespace duet
