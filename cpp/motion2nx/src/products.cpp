#include "ezmotion/products.h"

#include <algorithm>
#include <utility>

namespace ezmotion {
namespace {

constexpr std::size_t kRingBits = 64;

// Measured with the framework: what an oblivious transfer and what 8 bytes of its payload take.
constexpr std::size_t kBytesPerTransfer = 130;
constexpr std::size_t kBytesPerPayload = 40;

// Rows begin, begin + 1, ... and columns likewise of matrix `entry` in a batch.
Tensor<Ring> block(const Tensor<Ring>& x, std::size_t entry, std::size_t row, std::size_t rows,
                   std::size_t column, std::size_t columns) {
  const std::size_t height = x.shape.at(x.shape.size() - 2);
  const std::size_t width = x.shape.at(x.shape.size() - 1);
  Tensor<Ring> taken(Shape{rows, columns});
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t begin = (entry * height + row + i) * width + column;
    std::copy_n(x.data.begin() + static_cast<std::ptrdiff_t>(begin), columns,
                taken.data.begin() + static_cast<std::ptrdiff_t>(i * columns));
  }
  return taken;
}

}  // namespace

std::size_t Products::Tile::memory() const {
  const std::size_t transfers = kRingBits * rows * inners;
  return transfers * (kBytesPerTransfer + kBytesPerPayload * std::max<std::size_t>(1, columns));
}

std::size_t Products::gemm(Tensor<Ring> a, Tensor<Ring> b) {
  Shape shape = a.shape;
  const std::size_t m = shape.at(shape.size() - 2);
  const std::size_t k = shape.at(shape.size() - 1);
  const std::size_t r = b.shape.back();
  shape.back() = r;
  for (std::size_t entry = 0; entry < a.size() / (m * k); ++entry) {
    whole_.push_back({jobs_.size(), entry, 0, m, 0, k, 0, r});
  }
  jobs_.push_back({std::move(a), std::move(b), std::move(shape)});
  return jobs_.size() - 1;
}

std::size_t Products::square_sum(Tensor<Ring> x) {
  Shape shape = x.shape;
  shape.pop_back();
  if (x.size() > 0) whole_.push_back({jobs_.size(), 0, 0, 1, 0, x.size(), 0, 0});
  jobs_.push_back({std::move(x), {}, std::move(shape)});
  return jobs_.size() - 1;
}

// Halves what is too large. Columns come last: they share their transfers, which every part would
// need again (measured on 1 x 100,000 times 100,000 x 10: twice the traffic).
void Products::cut(const Tile& tile, std::vector<Tile>& tiles) const {
  Tile first = tile;
  Tile second = tile;
  const auto halve = [](std::size_t& size, std::size_t& begin, std::size_t& rest) {
    size /= 2;
    begin += size;
    rest -= size;
  };
  if (tile.memory() <= budget_ || (tile.columns <= 1 && tile.inners == 1 && tile.rows == 1)) {
    tiles.push_back(tile);
    return;
  }
  if (tile.inners > 1) {
    halve(first.inners, second.inner, second.inners);
  } else if (tile.rows > 1) {
    halve(first.rows, second.row, second.rows);
  } else {
    halve(first.columns, second.column, second.columns);
  }
  cut(first, tiles);
  cut(second, tiles);
}

void Products::run() {
  for (const Job& job : jobs_) results_.emplace_back(job.shape);
  std::vector<Tile> tiles;
  for (const Tile& tile : whole_) cut(tile, tiles);
  std::vector<Tile> together;
  std::size_t memory = 0;
  for (const Tile& tile : tiles) {
    if (!together.empty() && memory + tile.memory() > budget_) {
      run(std::exchange(together, {}));
      memory = 0;
    }
    together.push_back(tile);
    memory += tile.memory();
  }
  if (!together.empty()) run(together);
}

void Products::run(const std::vector<Tile>& tiles) {
  Graph graph(connection_, arithmetic_);
  std::vector<Arith> products;
  for (const Tile& t : tiles) {
    const Job& job = jobs_[t.job];
    if (t.is_square()) {
      const auto begin = job.a.data.begin() + static_cast<std::ptrdiff_t>(t.inner);
      const Tensor<Ring> part(Shape{t.inners},
                              {begin, begin + static_cast<std::ptrdiff_t>(t.inners)});
      products.push_back(graph.square(graph.input(part)));
    } else {
      products.push_back(
          graph.gemm(graph.input(block(job.a, t.entry, t.row, t.rows, t.inner, t.inners)),
                     graph.input(block(job.b, t.entry, t.inner, t.inners, t.column, t.columns))));
    }
  }
  graph.run();
  for (std::size_t i = 0; i < tiles.size(); ++i) add_up(tiles[i], graph.share(products[i]));
}

void Products::add_up(const Tile& tile, const Tensor<Ring>& share) {
  const Job& job = jobs_[tile.job];
  Tensor<Ring>& result = results_[tile.job];
  if (tile.is_square()) {
    const std::size_t k = job.a.shape.back();
    for (std::size_t i = 0; i < tile.inners; ++i)
      result.data[(tile.inner + i) / k] += share.data[i];
    return;
  }
  const std::size_t m = job.shape.at(job.shape.size() - 2);
  const std::size_t r = job.shape.back();
  for (std::size_t i = 0; i < tile.rows; ++i) {
    const std::size_t begin = (tile.entry * m + tile.row + i) * r + tile.column;
    for (std::size_t j = 0; j < tile.columns; ++j) {
      result.data[begin + j] += share.data[i * tile.columns + j];
    }
  }
}

}  // namespace ezmotion
