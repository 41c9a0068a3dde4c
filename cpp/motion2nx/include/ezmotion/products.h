// Large products of secret-shared values, cut into tiles so that memory stays bounded.
#pragma once

#include <cstddef>
#include <vector>

#include "ezmotion/graph.h"

namespace ezmotion {

// The framework extends all oblivious transfers of a graph at once. So products are collected, cut
// into tiles, and computed by as many graphs, one after the other, as their memory takes.
class Products {
 public:
  static constexpr std::size_t kDefaultBudget = std::size_t{600} << 20;

  // `budget`: about how many bytes a graph may take.
  Products(Connection& connection, Arithmetic arithmetic, std::size_t budget = kDefaultBudget)
      : connection_(connection), arithmetic_(arithmetic), budget_(budget) {}

  // [..., m, k] x [..., k, r] -> [..., m, r] with equal leading axes; both servers' shares. Returns
  // the number of the result.
  std::size_t gemm(Tensor<Ring> a, Tensor<Ring> b);

  // [..., k] -> [...], the sum of the squares along the last axis.
  std::size_t square_sum(Tensor<Ring> x);

  void run();

  // After run(): this server's share.
  const Tensor<Ring>& result(std::size_t number) const { return results_.at(number); }

 private:
  // Of a product: rows, inner and columns of one matrix of the batch. Of squares: rows is 1, inner
  // counts elements, and columns is 0.
  struct Tile {
    std::size_t job;
    std::size_t entry;
    std::size_t row, rows;
    std::size_t inner, inners;
    std::size_t column, columns;

    std::size_t memory() const;
    bool is_square() const { return columns == 0; }
  };
  struct Job {
    Tensor<Ring> a;
    Tensor<Ring> b;  // not of squares
    Shape shape;
  };

  void cut(const Tile& tile, std::vector<Tile>& tiles) const;
  void run(const std::vector<Tile>& tiles);
  void add_up(const Tile& tile, const Tensor<Ring>& share);

  Connection& connection_;
  Arithmetic arithmetic_;
  std::size_t budget_;
  std::vector<Job> jobs_;
  std::vector<Tile> whole_;
  std::vector<Tensor<Ring>> results_;
};

}  // namespace ezmotion
