#include "matrix_layout.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "duet/flooding.h"
#include "duet/secret.h"
#include "rlwe.h"

namespace duet {
namespace {

// Where layouts are compared, a second of processor time counts as much as these bytes.
constexpr double kBytesPerSecond = 4e6;

// Of a row, what lies in one line of the cache.
constexpr std::size_t kColumnsTogether = 8;

// How many answers with results at multiples of `stride` fit into one: a power of two.
std::size_t packed_at(std::size_t stride) {
  return std::size_t{1} << std::min(static_cast<std::size_t>(std::countr_zero(stride)),
                                    kPackingLevels);
}

}  // namespace

MatrixLayout::MatrixLayout(const GilboaSize& size, MatrixBlocks blocks)
    : size_(size), blocks_(blocks) {
  if (size.batch * size.rows * size.inner * size.columns == 0) return;  // nothing to compute
  pieces_ = ceil_divide(size.inner, blocks.stride);
  bands_ = ceil_divide(size.rows, blocks.height);
  width_ = kRlweSize / spacing();
  spans_ = ceil_divide(size.columns, width_);
  uploads_ = size.batch * bands_ * pieces_;
  answers_ = size.batch * bands_ * spans_;
  packed_ = packed_at(blocks.stride);
}

MatrixLayout MatrixLayout::cheapest(const GilboaSize& size) {
  const std::size_t longest =
      std::min(ceil_divide(size.inner, kMostPacked) * kMostPacked, kRlweSize);
  MatrixLayout best(size, {longest});
  if (best.answers() == 0) return best;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t stride = 1; stride <= longest; ++stride) {
    const std::size_t highest = std::min(size.rows, kRlweSize / stride);
    for (std::size_t height = 1; height <= highest; ++height) {
      const MatrixLayout candidate(size, {stride, height});
      const std::uint64_t bytes =
          candidate.uploads() * kUploadBytes + candidate.packs() * answer_bytes(0);
      const double seconds = encrypting_seconds(candidate) + answering_seconds(candidate);
      const double beyond = std::max(candidate.flooding() / kFloodingBudget - 1, 0.0);
      const double effort = static_cast<double>(bytes) + kBytesPerSecond * seconds + 1e18 * beyond;
      if (effort < least) {
        least = effort;
        best = candidate;
      }
    }
  }
  return best;
}

std::size_t MatrixLayout::results() const {
  return answers_ == 0 ? 0 : size_.batch * size_.rows * size_.columns;
}

Range MatrixLayout::inner_of(std::size_t index) const {
  const std::size_t first = index % pieces_ * blocks_.stride;
  return {first, std::min(first + blocks_.stride, size_.inner)};
}

Range MatrixLayout::rows_of(std::size_t index) const {
  const std::size_t band = index / pieces_;
  const std::size_t matrix = band / bands_;
  const std::size_t first = band % bands_ * blocks_.height;
  return {matrix * size_.rows + first,
          matrix * size_.rows + std::min(first + blocks_.height, size_.rows)};
}

// Row r of the block begins at coefficient r·stride.
SecretVector<Ring> MatrixLayout::upload(std::size_t index, const Rows& left) const {
  const Range rows = rows_of(index);
  const Range inner = inner_of(index);
  SecretVector<Ring> poly((size(rows) - 1) * blocks_.stride + size(inner));
  for (std::size_t r = 0; r < size(rows); ++r) {
    left.read(rows.begin + r, inner.begin,
              std::span(poly).subspan(r * blocks_.stride, size(inner)));
  }
  return poly;
}

Range MatrixLayout::uploads_of(std::size_t answer) const {
  const std::size_t band = answer / spans_;
  return {band * pieces_, (band + 1) * pieces_};
}

MatrixLayout::Part MatrixLayout::part_of(std::size_t answer, std::size_t index) const {
  const std::size_t column = answer % spans_ * width_;
  return {answer / spans_ / bands_,
          inner_of(index),
          {column, std::min(column + width_, size_.columns)}};
}

// Entry (i, c) of the part lies at coefficient c·spacing - i, where X^N = -1. The rows are read
// first, each at once: they may be far apart, or in a file.
void MatrixLayout::factor(std::size_t answer, std::size_t index, const Rows& right,
                          std::span<Ring> poly) const {
  const auto [matrix, inner, columns] = part_of(answer, index);
  const std::size_t count = size(inner);
  const std::size_t width = size(columns);
  const std::size_t row = matrix * size_.inner + inner.begin;
  if (count * width < kRlweSize) std::fill(poly.begin(), poly.end(), 0);
  SecretVector<Ring> part(count * width);
  for (std::size_t i = 0; i < count; ++i) {
    right.read(row + i, columns.begin, std::span(part).subspan(i * width, width));
  }
  for (std::size_t begin = 0; begin < width; begin += kColumnsTogether) {
    const std::size_t end = std::min(begin + kColumnsTogether, width);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t c = begin; c < end; ++c) {
        poly[(c * spacing() - i) % kRlweSize] = part[i * width + c];
      }
    }
  }
  for (std::size_t i = 1; i < count; ++i) poly[kRlweSize - i] = 0 - poly[kRlweSize - i];
}

// Row by row of the block.
std::vector<std::size_t> MatrixLayout::wanted(std::size_t answer) const {
  const std::size_t first_upload = uploads_of(answer).begin;
  const std::size_t columns = size(part_of(answer, first_upload).columns);
  std::vector<std::size_t> positions;
  for (std::size_t r = 0; r < size(rows_of(first_upload)); ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      positions.push_back(r * blocks_.stride + c * spacing());
    }
  }
  return positions;
}

std::vector<std::size_t> MatrixLayout::entries(std::size_t answer) const {
  const std::size_t first_upload = uploads_of(answer).begin;
  const Range rows = rows_of(first_upload);
  const Range columns = part_of(answer, first_upload).columns;
  std::vector<std::size_t> entries;
  for (std::size_t row = rows.begin; row < rows.end; ++row) {
    for (std::size_t c = columns.begin; c < columns.end; ++c) {
      entries.push_back(row * size_.columns + c);
    }
  }
  return entries;
}

double MatrixLayout::flooding() const {
  if (pieces_ > kMostUploads) return std::numeric_limits<double>::infinity();  // no room for noise
  return answers_ == 0 ? 0 : static_cast<double>(results()) * flooding_distance(pieces_);
}

}  // namespace duet
