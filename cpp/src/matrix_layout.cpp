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

MatrixLayout::MatrixLayout(const GilboaSize& size, std::size_t stride)
    : size_(size), stride_(stride) {
  if (rows() * size.inner * size.columns == 0) return;  // there is nothing to compute
  pieces_ = ceil_divide(size.inner, stride);
  blocks_ = ceil_divide(size.columns, kRlweSize / stride);
  uploads_ = rows() * pieces_;
  answers_ = rows() * blocks_;
  packed_ = packed_at(stride);
}

MatrixLayout MatrixLayout::cheapest(const GilboaSize& size) {
  const std::size_t longest =
      std::min(ceil_divide(size.inner, kMostPacked) * kMostPacked, kRlweSize);
  MatrixLayout best(size, longest);
  if (best.answers() == 0) return best;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t stride = 1; stride <= longest; ++stride) {
    const MatrixLayout candidate(size, stride);
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
  return best;
}

std::size_t MatrixLayout::results() const { return answers_ == 0 ? 0 : rows() * size_.columns; }

std::vector<Ring> MatrixLayout::upload(std::size_t index, std::span<const Ring> left) const {
  const std::size_t row = index / pieces_;
  const std::size_t first = index % pieces_ * stride_;
  const std::span<const Ring> taken =
      left.subspan(row * size_.inner + first, std::min(stride_, size_.inner - first));
  return {taken.begin(), taken.end()};
}

Range MatrixLayout::uploads_of(std::size_t answer) const {
  const std::size_t row = answer / blocks_;
  return {row * pieces_, (row + 1) * pieces_};
}

// Entry (i, c) of the piece lies at coefficient c·stride - i, where X^N = -1. The rows are read
// first, each at once: they may be far apart, or in a file.
void MatrixLayout::factor(std::size_t answer, std::size_t index, const Rows& right,
                          std::span<Ring> poly) const {
  const std::size_t first = index % pieces_ * stride_;
  const std::size_t count = std::min(stride_, size_.inner - first);
  const std::size_t row = answer / blocks_ / size_.rows * size_.inner + first;
  const std::size_t column = answer % blocks_ * (kRlweSize / stride_);
  const std::size_t columns = wanted_count(answer);
  if (count * columns < kRlweSize) std::fill(poly.begin(), poly.end(), 0);
  SecretVector<Ring> piece(count * columns);
  for (std::size_t i = 0; i < count; ++i) {
    right.read(row + i, column, std::span(piece).subspan(i * columns, columns));
  }
  for (std::size_t begin = 0; begin < columns; begin += kColumnsTogether) {
    const std::size_t end = std::min(begin + kColumnsTogether, columns);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t c = begin; c < end; ++c) {
        poly[(c * stride_ - i) % kRlweSize] = piece[i * columns + c];
      }
    }
  }
  for (std::size_t i = 1; i < count; ++i) poly[kRlweSize - i] = 0 - poly[kRlweSize - i];
}

std::size_t MatrixLayout::wanted_count(std::size_t answer) const {
  const std::size_t columns = kRlweSize / stride_;
  return std::min(columns, size_.columns - answer % blocks_ * columns);
}

std::vector<std::size_t> MatrixLayout::wanted(std::size_t answer) const {
  std::vector<std::size_t> positions(wanted_count(answer));
  for (std::size_t c = 0; c < positions.size(); ++c) positions[c] = c * stride_;
  return positions;
}

std::size_t MatrixLayout::first_result(std::size_t answer) const {
  return answer / blocks_ * size_.columns + answer % blocks_ * (kRlweSize / stride_);
}

double MatrixLayout::flooding() const {
  if (pieces_ > kMostUploads) return std::numeric_limits<double>::infinity();  // no room for noise
  return answers_ == 0 ? 0 : static_cast<double>(results()) * flooding_distance(pieces_);
}

}  // namespace duet
