// Rows of numbers that lie somewhere: in a tensor, in a file. Products read a large factor from
// there, a piece of a row at a time, so that nobody has to copy it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "duet/ring.h"

namespace duet {

// Matrices of a batch, or vectors: the rows are counted through all of them.
class Rows {
 public:
  virtual ~Rows() = default;

  // Entries of a row, from number `first` on. Threads read at the same time.
  virtual void read(std::size_t row, std::size_t first, std::span<Ring> out) const = 0;
};

// One after the other in memory, which has to outlive this.
class DenseRows final : public Rows {
 public:
  DenseRows(std::span<const Ring> entries, std::size_t length)
      : entries_(entries), length_(length) {}

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    const std::span<const Ring> from = entries_.subspan(row * length_ + first, out.size());
    std::copy(from.begin(), from.end(), out.begin());
  }

 private:
  std::span<const Ring> entries_;
  std::size_t length_;
};

// What somebody else holds on to: columns from number `begin` on.
class BorrowedRows final : public Rows {
 public:
  explicit BorrowedRows(const Rows& rows, std::size_t begin = 0) : rows_(rows), begin_(begin) {}

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    rows_.read(row, begin_ + first, out);
  }

 private:
  const Rows& rows_;
  std::size_t begin_;
};

}  // namespace duet
