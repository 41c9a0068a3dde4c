#include <algorithm>
#include <cstddef>
#include <vector>

#include "check.h"
#include "gram_layout.h"
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

const std::vector<MatrixBlocks> kBlocks{{3}, {8}, {21}, {32}, {8, 2}, {21, 3}, {32, 5}};

// The rows and columns of an answer's results.
struct Results {
  Results(const MatrixLayout& layout, const GilboaSize& size, std::size_t answer) {
    const std::vector<std::size_t> entries = layout.entries(answer);
    rows = {entries.front() / size.columns, entries.back() / size.columns + 1};
    columns = {entries.front() % size.columns, entries.back() % size.columns + 1};
  }

  Range rows;
  Range columns;
};

// Entry (i, c) of a piece of a matrix lies at coefficient c·height·stride - i; all others are zero.
// The last pieces of rows and of columns are not full, and strides need not divide N.
void matrices_are_laid_out() {
  const GilboaSize size{2, 7, 21, 1500, 64};
  const Tensor<Ring> right = random_values({size.batch, size.inner, size.columns}, 1);
  const DenseRows rows(right.data, size.columns);
  for (const MatrixBlocks& blocks : kBlocks) {
    const MatrixLayout layout(size, blocks);
    for (std::size_t answer = 0; answer < layout.answers(); ++answer) {
      const auto [of_rows, columns] = Results(layout, size, answer);
      const std::size_t matrix = of_rows.begin / size.rows;
      const Range uploads = layout.uploads_of(answer);
      for (std::size_t index = uploads.begin; index < uploads.end; ++index) {
        const std::size_t first = (index - uploads.begin) * blocks.stride;
        std::vector<Ring> expected(kRlweSize, 0);
        for (std::size_t i = first; i < std::min(first + blocks.stride, size.inner); ++i) {
          for (std::size_t c = columns.begin; c < columns.end; ++c) {
            const std::size_t column = (c - columns.begin) * blocks.height * blocks.stride;
            put(expected, static_cast<std::ptrdiff_t>(column + first - i),
                right.data[(matrix * size.inner + i) * size.columns + c]);
          }
        }
        CHECK(factor_of(layout, answer, index, rows) == expected);
      }
    }
  }
}

// Row r of a block begins at coefficient r·stride of the upload.
void rows_are_laid_out_side_by_side() {
  const GilboaSize size{2, 7, 21, 3, 64};
  const Tensor<Ring> left = random_values({size.batch * size.rows, size.inner}, 3);
  for (const MatrixBlocks& blocks : kBlocks) {
    const MatrixLayout layout(size, blocks);
    for (std::size_t answer = 0; answer < layout.answers(); ++answer) {
      const auto [row, end] = Results(layout, size, answer).rows;
      const Range uploads = layout.uploads_of(answer);
      for (std::size_t index = uploads.begin; index < uploads.end; ++index) {
        const SecretVector<Ring> poly = layout.upload(index, DenseRows(left.data, size.inner));
        std::vector<Ring> found(kRlweSize, 0);
        std::copy(poly.begin(), poly.end(), found.begin());
        std::vector<Ring> expected(kRlweSize, 0);
        const std::size_t first = (index - uploads.begin) * blocks.stride;
        for (std::size_t r = row; r < end; ++r) {
          for (std::size_t i = first; i < std::min(first + blocks.stride, size.inner); ++i) {
            expected[(r - row) * blocks.stride + i - first] = left.data[r * size.inner + i];
          }
        }
        CHECK(found == expected);
      }
    }
  }
}

// Every entry of the result is brought once, at a coefficient of its own.
void every_result_is_brought_once() {
  const GilboaSize size{2, 7, 21, 1500, 64};
  for (const MatrixBlocks& blocks : kBlocks) {
    const MatrixLayout layout(size, blocks);
    std::vector<int> brought(layout.results(), 0);
    for (std::size_t answer = 0; answer < layout.answers(); ++answer) {
      const std::vector<std::size_t> wanted = layout.wanted(answer);
      const std::vector<std::size_t> entries = layout.entries(answer);
      CHECK(wanted.size() == entries.size());
      const auto [block_rows, block_columns] = Results(layout, size, answer);
      for (std::size_t i = 0; i < entries.size(); ++i) {
        ++brought[entries[i]];
        const std::size_t r = entries[i] / size.columns - block_rows.begin;
        const std::size_t c = entries[i] % size.columns - block_columns.begin;
        CHECK(wanted[i] == r * blocks.stride + c * blocks.height * blocks.stride);
        CHECK(wanted[i] < kRlweSize);
      }
    }
    CHECK(std::ranges::all_of(brought, [](int times) { return times == 1; }));
  }
}

// Of a product with a transpose, both factors are read row by row, from where the half begins.
void halves_of_gram_matrices_are_laid_out() {
  constexpr std::size_t kRows = 9;
  constexpr std::size_t kLength = 5003;
  constexpr Range kHalf{2501, kLength};
  const GilboaSize size_of_half{1, kRows, size(kHalf), kRows, 64};
  const Tensor<Ring> x = random_values({kRows, kLength}, 4);
  Tensor<Ring> half({kRows, size(kHalf)});
  Tensor<Ring> transposed({size(kHalf), kRows});
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t i = 0; i < size(kHalf); ++i) {
      const Ring entry = x.data[row * kLength + kHalf.begin + i];
      half.data[row * size(kHalf) + i] = entry;
      transposed.data[i * kRows + row] = entry;
    }
  }
  const GramLayout layout(kRows, kHalf);
  const MatrixLayout product = MatrixLayout::cheapest(size_of_half);
  const DenseRows rows(x.data, kLength);
  for (std::size_t index = 0; index < layout.uploads(); ++index) {
    CHECK(layout.upload(index, rows) == product.upload(index, DenseRows(half.data, size(kHalf))));
  }
  for (std::size_t answer = 0; answer < layout.answers(); ++answer) {
    const Range uploads = layout.uploads_of(answer);
    for (std::size_t index = uploads.begin; index < uploads.end; ++index) {
      CHECK(factor_of(layout, answer, index, rows) ==
            factor_of(product, answer, index, DenseRows(transposed.data, kRows)));
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
  rows_are_laid_out_side_by_side();
  every_result_is_brought_once();
  halves_of_gram_matrices_are_laid_out();
  inner_products_are_laid_out();
}
