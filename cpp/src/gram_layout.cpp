#include "gram_layout.h"

#include <algorithm>

#include "rlwe_ring.h"

namespace duet {

GramLayout::GramLayout(std::size_t n, Range inner)
    : MatrixLayout(cheapest({1, n, size(inner), n, 64})), first_(inner.begin) {}

SecretVector<Ring> GramLayout::upload(std::size_t index, const Rows& left) const {
  return MatrixLayout::upload(index, BorrowedRows(left, first_));
}

void GramLayout::factor(std::size_t answer, std::size_t index, const Rows& right,
                        std::span<Ring> poly) const {
  const Part part = part_of(answer, index);
  const std::size_t count = size(part.inner);
  std::fill(poly.begin(), poly.end(), 0);
  SecretVector<Ring> row(count);
  for (std::size_t c = 0; c < size(part.columns); ++c) {
    right.read(part.columns.begin + c, first_ + part.inner.begin, row);
    for (std::size_t i = 0; i < count; ++i) poly[(c * spacing() - i) % kRlweSize] = row[i];
  }
  for (std::size_t i = 1; i < count; ++i) poly[kRlweSize - i] = 0 - poly[kRlweSize - i];
}

}  // namespace duet
