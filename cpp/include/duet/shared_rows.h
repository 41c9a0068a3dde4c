// This party's shares of one value of all clients, each client's a row that is read where it lies:
// for whoever needs one piece of a row at a time, all shares are nowhere in memory at once. What
// servers compute of each row by itself gives rows again, entries of which are computed when they
// are read; sums and products read every row once.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "duet/ring.h"
#include "duet/rows.h"
#include "duet/tensor.h"

namespace duet {

// Cannot be changed; copies are of the same rows.
class SharedRows {
 public:
  // `shape`: of all clients' values, which are its first axis.
  SharedRows(Shape shape, std::shared_ptr<const Rows> rows);
  explicit SharedRows(Tensor<Ring> tensor);

  const Shape& shape() const { return shape_; }
  std::size_t clients() const { return shape_.at(0); }
  std::size_t entries() const { return entries_; }  // of a row
  const std::shared_ptr<const Rows>& rows() const { return rows_; }
  void read(std::size_t client, std::size_t first, std::span<Ring> out) const;

  // Reads all of them.
  Tensor<Ring> tensor() const;

 private:
  Shape shape_;
  std::size_t entries_;
  std::shared_ptr<const Rows> rows_;
};

// As of tensors (tensor.h, linear.h), where no entry leaves its row: clients stay the first axis.
inline const Shape& shape_of(const SharedRows& value) { return value.shape(); }
SharedRows with_shape(const SharedRows& value, Shape shape);
SharedRows joined(const std::vector<const SharedRows*>& parts, std::size_t axis);  // axis 1
// Entries that lie side by side in their rows.
SharedRows slice(const SharedRows& value, const std::vector<std::size_t>& starts,
                 const Shape& sizes, const std::vector<std::ptrdiff_t>& strides);
// Of rows along one axis entries that lie anywhere in it; every row is read once.
Tensor<Ring> take(const SharedRows& value, std::size_t axis,
                  const std::vector<std::size_t>& positions);
SharedRows shift_left(const SharedRows& a, unsigned bits);
SharedRows neg(const SharedRows& a);
// With what is the same for all clients.
SharedRows add(const SharedRows& a, const Tensor<Ring>& b);
SharedRows sub(const SharedRows& a, const Tensor<Ring>& b);
SharedRows mul(const SharedRows& a, const Tensor<Ring>& b);

// [n, k] x [k, m] -> [n, m], of which the first is read once.
Tensor<Ring> matmul(const SharedRows& a, const Tensor<Ring>& b);

// [1, n] x [n, k] -> [1, k], of which the second is read once.
Tensor<Ring> matmul(const Tensor<Ring>& a, const SharedRows& b);

// Over the axes given, which disappear.
Tensor<Ring> sum(const SharedRows& a, const std::vector<std::size_t>& axes);

}  // namespace duet
