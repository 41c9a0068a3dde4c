#include "duet/shared_rows.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "duet/linear.h"

namespace duet {
namespace {

constexpr std::size_t kPiece = 4096;  // entries of a row that are read at once

Shape row_shape(const Shape& shape) { return {shape.begin() + 1, shape.end()}; }

void check(bool fits, const char* what) {
  if (!fits) throw std::invalid_argument(std::string(what) + " of rows of other shapes");
}

class OwnedRows final : public Rows {
 public:
  OwnedRows(Tensor<Ring> tensor, std::size_t length)
      : tensor_(std::move(tensor)), rows_(tensor_.data, length) {}

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    rows_.read(row, first, out);
  }

 private:
  Tensor<Ring> tensor_;
  DenseRows rows_;
};

// Each row is those of several values, one after the other.
class JoinedRows final : public Rows {
 public:
  explicit JoinedRows(const std::vector<const SharedRows*>& parts) {
    for (const SharedRows* part : parts) {
      parts_.push_back(*part);
      ends_.push_back((ends_.empty() ? 0 : ends_.back()) + part->entries());
    }
  }

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    for (std::size_t i = 0; i < parts_.size() && !out.empty(); ++i) {
      if (first >= ends_[i]) continue;
      const std::size_t count = std::min(out.size(), ends_[i] - first);
      parts_[i].read(row, first + parts_[i].entries() - ends_[i], out.first(count));
      out = out.subspan(count);
      first += count;
    }
  }

 private:
  std::vector<SharedRows> parts_;
  std::vector<std::size_t> ends_;
};

// Each row from an entry on.
class LaterRows final : public Rows {
 public:
  LaterRows(std::shared_ptr<const Rows> rows, std::size_t begin)
      : rows_(std::move(rows)), begin_(begin) {}

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    rows_->read(row, begin_ + first, out);
  }

 private:
  std::shared_ptr<const Rows> rows_;
  std::size_t begin_;
};

// Entry i of each row is f(entry, i).
template <class F>
class MappedRows final : public Rows {
 public:
  MappedRows(std::shared_ptr<const Rows> rows, F f) : rows_(std::move(rows)), f_(std::move(f)) {}

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    rows_->read(row, first, out);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = f_(out[i], first + i);
  }

 private:
  std::shared_ptr<const Rows> rows_;
  F f_;
};

template <class F>
SharedRows mapped(const SharedRows& a, F f) {
  return {a.shape(), std::make_shared<MappedRows<F>>(a.rows(), std::move(f))};
}

template <class Op>
SharedRows with_each(const SharedRows& a, const Tensor<Ring>& b, Op op) {
  Shape one = a.shape();
  one[0] = 1;
  return mapped(
      a, [row = broadcast_to(b, one), op](Ring x, std::size_t i) { return op(x, row.data[i]); });
}

// Calls use(first, entries) for all pieces of a row.
void for_pieces(const SharedRows& shares, std::size_t client, const auto& use) {
  SecretVector<Ring> piece(std::min(kPiece, shares.entries()));
  for (std::size_t first = 0; first < shares.entries(); first += kPiece) {
    const auto entries = std::span(piece).first(std::min(kPiece, shares.entries() - first));
    shares.read(client, first, entries);
    use(first, entries);
  }
}

// Adds all rows up, as often as `weight(client)` says; the shape is that of a row.
Tensor<Ring> weighted_sum(const SharedRows& a, const auto& weight) {
  Tensor<Ring> result(row_shape(a.shape()));
  for (std::size_t client = 0; client < a.clients(); ++client) {
    const Ring factor = weight(client);
    for_pieces(a, client, [&](std::size_t first, std::span<const Ring> entries) {
      Ring* const out = result.data.data() + first;
      for (std::size_t i = 0; i < entries.size(); ++i) out[i] += factor * entries[i];
    });
  }
  return result;
}

}  // namespace

SharedRows::SharedRows(Shape shape, std::shared_ptr<const Rows> rows)
    : shape_(std::move(shape)),
      entries_(element_count(row_shape(shape_))),
      rows_(std::move(rows)) {}

SharedRows::SharedRows(Tensor<Ring> tensor)
    : shape_(tensor.shape), entries_(element_count(row_shape(shape_))) {
  rows_ = std::make_shared<OwnedRows>(std::move(tensor), entries_);
}

void SharedRows::read(std::size_t client, std::size_t first, std::span<Ring> out) const {
  rows_->read(client, first, out);
}

Tensor<Ring> SharedRows::tensor() const {
  Tensor<Ring> all(shape_);
  for (std::size_t client = 0; client < clients(); ++client) {
    read(client, 0, std::span(all.data).subspan(client * entries_, entries_));
  }
  return all;
}

SharedRows with_shape(const SharedRows& value, Shape shape) {
  check(shape.at(0) == value.clients(), "a reshape");
  return {std::move(shape), value.rows()};
}

SharedRows joined(const std::vector<const SharedRows*>& parts, std::size_t axis) {
  std::vector<Shape> shapes;
  for (const SharedRows* part : parts) shapes.push_back(part->shape());
  check(axis == 1, "a join");
  return {joined_shape(shapes, axis), std::make_shared<JoinedRows>(parts)};
}

SharedRows slice(const SharedRows& value, const std::vector<std::size_t>& starts,
                 const Shape& sizes, const std::vector<std::ptrdiff_t>& strides) {
  const Shape& shape = value.shape();
  const Shape within(shape.begin() + 2, shape.end());
  const bool is_run = std::equal(within.begin(), within.end(), sizes.begin() + 2, sizes.end());
  const bool is_dense = std::all_of(strides.begin(), strides.end(),
                                    [](std::ptrdiff_t stride) { return stride == 1; });
  check(is_run && is_dense && sizes[0] == shape[0] && starts[1] + sizes[1] <= shape[1], "a slice");
  return {sizes, std::make_shared<LaterRows>(value.rows(), starts[1] * element_count(within))};
}

Tensor<Ring> take(const SharedRows& value, std::size_t axis,
                  const std::vector<std::size_t>& positions) {
  check(axis > 0 && value.shape().at(axis) == value.entries(), "entries");
  Tensor<Ring> result(taken_shape(value.shape(), axis, positions));
  // As they lie in a row.
  std::vector<std::size_t> order(positions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t i, std::size_t j) { return positions[i] < positions[j]; });
  for (std::size_t client = 0; client < value.clients(); ++client) {
    Ring* const out = result.data.data() + client * positions.size();
    auto next = order.begin();
    for_pieces(value, client, [&](std::size_t first, std::span<const Ring> entries) {
      for (; next != order.end() && positions[*next] < first + entries.size(); ++next) {
        out[*next] = entries[positions[*next] - first];
      }
    });
  }
  return result;
}

SharedRows shift_left(const SharedRows& a, unsigned bits) {
  return mapped(a, [bits](Ring x, std::size_t) { return bits < 64 ? x << bits : 0; });
}

SharedRows neg(const SharedRows& a) {
  return mapped(a, [](Ring x, std::size_t) { return 0 - x; });
}

SharedRows add(const SharedRows& a, const Tensor<Ring>& b) {
  return with_each(a, b, std::plus<>());
}

SharedRows sub(const SharedRows& a, const Tensor<Ring>& b) {
  return with_each(a, b, std::minus<>());
}

SharedRows mul(const SharedRows& a, const Tensor<Ring>& b) {
  return with_each(a, b, std::multiplies<>());
}

Tensor<Ring> matmul(const SharedRows& a, const Tensor<Ring>& b) {
  check(a.shape().size() == 2 && b.shape.size() == 2 && b.shape[0] == a.entries(), "a product");
  const std::size_t columns = b.shape[1];
  Tensor<Ring> result({a.clients(), columns});
  for (std::size_t client = 0; client < a.clients(); ++client) {
    Ring* const out = result.data.data() + client * columns;
    for_pieces(a, client, [&](std::size_t first, std::span<const Ring> entries) {
      const Ring* factor = b.data.data() + first * columns;
      for (const Ring entry : entries) {
        for (std::size_t j = 0; j < columns; ++j) out[j] += entry * *factor++;
      }
    });
  }
  return result;
}

Tensor<Ring> matmul(const Tensor<Ring>& a, const SharedRows& b) {
  check(b.shape().size() == 2 && a.shape == Shape{1, b.clients()}, "a product");
  Tensor<Ring> result = weighted_sum(b, [&](std::size_t client) { return a.data[client]; });
  return reshape(std::move(result), {1, b.entries()});
}

Tensor<Ring> sum(const SharedRows& a, const std::vector<std::size_t>& axes) {
  const bool over_clients = std::find(axes.begin(), axes.end(), 0) != axes.end();
  std::vector<std::size_t> within;  // a row
  for (const std::size_t axis : axes) {
    if (axis > 0) within.push_back(axis - 1);
  }
  if (over_clients) {
    Tensor<Ring> row = weighted_sum(a, [](std::size_t) { return Ring{1}; });
    return within.empty() ? row : sum(row, within);
  }
  Tensor<Ring> row(row_shape(a.shape()));
  Shape shape;
  SecretVector<Ring> sums;
  for (std::size_t client = 0; client < a.clients(); ++client) {
    a.read(client, 0, row.data);
    const Tensor<Ring> one = sum(row, within);
    sums.insert(sums.end(), one.data.begin(), one.data.end());
    shape = one.shape;
  }
  shape.insert(shape.begin(), a.clients());
  return {std::move(shape), std::move(sums)};
}

}  // namespace duet
