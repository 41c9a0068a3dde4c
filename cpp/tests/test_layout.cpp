#include <cstddef>
#include <vector>

#include "check.h"
#include "inner_product_layout.h"
#include "matrix_layout.h"
#include "protocol.h"
#include "rlwe_ring.h"

namespace {

using namespace duet;

constexpr Ring kGarbage = 0xdead;  // what a polynomial held before

// Sets coefficient `position`, where X^N = -1, of a polynomial.
void put(std::vector<Ring>& poly, std::ptrdiff_t position, Ring value) {
  if (position >= 0) {
    poly[static_cast<std::size_t>(position)] = value;
  } else {
    poly[kRlweSize - static_cast<std::size_t>(-position)] = 0 - value;
  }
}

std::vector<Ring> factor_of(const RlweLayout& layout, std::size_t answer, std::size_t index,
                            const Rows& right) {
  std::vector<Ring> poly(kRlweSize, kGarbage);
  layout.factor(answer, index, right, poly);
  return poly;
}

// Entry (i, c) of a piece of a matrix lies at coefficient c·stride - i; all others are zero. The
// last pieces of rows and of columns are not full, and strides need not divide N.
void matrices_are_laid_out() {
  const GilboaSize size{2, 2, 21, 9000, 64};
  const Tensor<Ring> right = random_values({size.batch, size.inner, size.columns}, 1);
  const DenseRows rows(right.data, size.columns);
  for (const std::size_t stride : {1UL, 3UL, 8UL, 21UL, 32UL}) {
    const MatrixLayout layout(size, stride);
    for (std::size_t answer = 0; answer < layout.answers(); ++answer) {
      const std::size_t row = layout.first_result(answer) / size.columns;
      const std::size_t column = layout.first_result(answer) % size.columns;
      const Range uploads = layout.uploads_of(answer);
      for (std::size_t index = uploads.begin; index < uploads.end; ++index) {
        const std::size_t first = (index - uploads.begin) * stride;
        std::vector<Ring> expected(kRlweSize, 0);
        for (std::size_t i = first; i < std::min(first + stride, size.inner); ++i) {
          const std::size_t from = (row / size.rows * size.inner + i) * size.columns + column;
          for (std::size_t c = 0; c < layout.wanted(answer).size(); ++c) {
            put(expected, static_cast<std::ptrdiff_t>(c * stride + first - i),
                right.data[from + c]);
          }
        }
        CHECK(factor_of(layout, answer, index, rows) == expected);
      }
    }
  }
}

// Entry j of all that is uploaded meets coefficient -j.
void inner_products_are_laid_out() {
  for (const std::size_t k : {7UL, 5000UL, 20'000UL}) {
    const Range entries{1, 5};
    const Tensor<Ring> right = random_values({entries.end, k}, 2);
    const InnerProductLayout layout(entries, k);
    for (std::size_t answer = 0; answer < layout.answers(); ++answer) {
      const Range uploads = layout.uploads_of(answer);
      for (std::size_t index = uploads.begin; index < uploads.end; ++index) {
        std::vector<Ring> expected(kRlweSize, 0);
        for (std::size_t j = 0; j < k; ++j) {
          const std::size_t position = answer * k + j;
          if (position / kRlweSize != index) continue;
          put(expected, -static_cast<std::ptrdiff_t>(position % kRlweSize),
              right.data[(entries.begin + answer) * k + j]);
        }
        CHECK(factor_of(layout, answer, index, DenseRows(right.data, k)) == expected);
      }
    }
  }
}

}  // namespace

int main() {
  matrices_are_laid_out();
  inner_products_are_laid_out();
}
