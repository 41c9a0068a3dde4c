// This party's shares of all clients' values in a round, wherever they are: what a seed stands for
// is expanded where it is read, and what is in a file is read from there, a piece of a row at a
// time. So no party needs memory for all of them at once, unless the program asks for a whole
// tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "duet/block.h"
#include "duet/proof.h"
#include "duet/ring.h"
#include "duet/rows.h"
#include "duet/tensor.h"

namespace duet {

// One parameter's shares; each client's, entry by entry, are a row. Cannot be changed.
class SharedRows {
 public:
  // `shape`: of all clients' values, which are its first axis.
  SharedRows(Shape shape, std::unique_ptr<Rows> rows);
  explicit SharedRows(Tensor<Ring> tensor);

  const Shape& shape() const { return shape_; }
  std::size_t clients() const { return shape_.at(0); }
  std::size_t entries() const { return entries_; }  // of a row
  void read(std::size_t client, std::size_t first, std::span<Ring> out) const;
  const Rows& rows() const { return *rows_; }

  // All of them; they stay in memory from then on.
  const Tensor<Ring>& tensor() const;

 private:
  Shape shape_;
  std::size_t entries_;
  mutable std::optional<Tensor<Ring>> tensor_;
  std::unique_ptr<Rows> rows_;
};

// Server 0's: entries of one stream of each client's key (prg.h).
std::unique_ptr<Rows> seeded_rows(std::span<const Block> keys, std::uint64_t stream);

// Server 1's: 8 bytes for each entry in a file that does not change, from each client's offset on.
// Error if it ends too early.
std::unique_ptr<Rows> file_rows(int file, std::vector<std::uint64_t> offsets);

// Server 0's of a parameter that begins with one of the layout's vectors.
SharedRows seeded_shares(const ProofLayout& layout, std::span<const Block> keys, std::size_t vector,
                         Shape shape);

class ClientShares {
 public:
  ClientShares() = default;
  ClientShares(std::initializer_list<Tensor<Ring>> tensors);

  void add(SharedRows shares) { inputs_.push_back(std::move(shares)); }

  std::size_t clients() const { return rows(0).clients(); }
  const SharedRows& rows(std::size_t input) const { return inputs_.at(input); }
  const Tensor<Ring>& at(std::size_t input) const { return rows(input).tensor(); }

 private:
  std::vector<SharedRows> inputs_;
};

// [n, k] x [k, m] -> [n, m], of which the first is read once.
Tensor<Ring> matmul(const SharedRows& a, const Tensor<Ring>& b);

// [1, n] x [n, k] -> [1, k], of which the second is read once.
Tensor<Ring> matmul(const Tensor<Ring>& a, const SharedRows& b);

}  // namespace duet
