#include <algorithm>
#include <memory>
#include <vector>

#include "duet/linear.h"
#include "duet/shared_rows.h"
#include "protocol.h"

namespace {

using namespace duet;

constexpr std::size_t kClients = 3;

// Rows that know how much was asked for at a time, and how much in all.
class WatchedRows final : public Rows {
 public:
  explicit WatchedRows(const Tensor<Ring>& tensor)
      : rows_(tensor.data, tensor.size() / tensor.shape[0]) {}

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    rows_.read(row, first, out);
    most_at_a_time = std::max(most_at_a_time, out.size());
    all += out.size();
  }

  mutable std::size_t most_at_a_time = 0;
  mutable std::size_t all = 0;

 private:
  DenseRows rows_;
};

// What is computed of rows is what is computed of the tensor, whole and piece by piece.
void check_rows(const SharedRows& rows, const Tensor<Ring>& expected) {
  CHECK(equal(rows.tensor(), expected) && rows.shape() == expected.shape);
  for (const std::size_t first : {std::size_t{0}, std::size_t{1}, rows.entries() / 2}) {
    for (const std::size_t count : {std::size_t{1}, std::size_t{3}, rows.entries() - first}) {
      SecretVector<Ring> piece(std::min(count, rows.entries() - first));
      rows.read(1, first, piece);
      const Ring* const from = expected.data.data() + rows.entries() + first;
      CHECK(std::equal(piece.begin(), piece.end(), from));
    }
  }
}

void what_stays_in_its_row() {
  const Tensor<Ring> x = random_values({kClients, 4, 6}, 1);
  const Tensor<Ring> y = random_values({kClients, 2, 6}, 2);
  const Tensor<Ring> one = random_values({4, 6}, 3);
  const Tensor<Ring> each = random_values({1, 4, 1}, 4);
  const SharedRows rows(x);
  const SharedRows others(y);
  check_rows(rows, x);
  check_rows(reshape(rows, {kClients, 24}), reshape(x, {kClients, 24}));
  check_rows(concat(1, others, rows, others), concat(1, y, x, y));
  check_rows(slice(rows, {0, 1, 0}, {kClients, 2, 6}, {1, 1, 1}),
             slice(x, {0, 1, 0}, {kClients, 2, 6}, {1, 1, 1}));
  check_rows(shift_left(rows, 3), shift_left(x, 3));
  check_rows(shift_left(rows, 64), shift_left(x, 64));
  check_rows(neg(rows), neg(x));
  check_rows(add(rows, one), add(x, one));
  check_rows(sub(rows, each), sub(x, each));
  check_rows(mul(rows, Tensor<Ring>({}, {7})), mul(x, Tensor<Ring>({}, {7})));
  check_rows(shift_left(slice(concat(1, rows, others), {0, 3, 0}, {kClients, 3, 6}, {1, 1, 1}), 1),
             shift_left(slice(concat(1, x, y), {0, 3, 0}, {kClients, 3, 6}, {1, 1, 1}), 1));
}

// Of rows of several pieces, in no order, and some entries more than once; each row is read once.
void entries_that_lie_anywhere() {
  const std::size_t entries = 10000;
  const Tensor<Ring> x = random_values({kClients, 1, entries}, 1);
  const std::vector<std::size_t> positions{9999, 4096, 0, 4095, 9999, 17, 8192};
  const auto watched = std::make_shared<WatchedRows>(x);
  const Tensor<Ring> taken = take(SharedRows(x.shape, watched), 2, positions);
  CHECK(equal(taken, take(x, 2, positions)) && taken.shape == Shape({kClients, 1, 7}));
  CHECK(watched->all == kClients * entries && watched->most_at_a_time < entries);
}

void what_does_not_is_refused() {
  const SharedRows rows(random_values({kClients, 4, 6}, 1));
  const auto refused = [](const auto& use) {
    return !message_of<std::invalid_argument>(use).empty();
  };
  CHECK(refused([&] { reshape(rows, {4, kClients, 6}); }));
  CHECK(refused([&] { concat(2, rows, rows); }));
  CHECK(refused([&] { slice(rows, {0, 0, 1}, {kClients, 4, 2}, {1, 1, 1}); }));
  CHECK(refused([&] { slice(rows, {0, 3, 0}, {kClients, 2, 6}, {1, 1, 1}); }));
  CHECK(refused([&] { slice(rows, {0, 3, 0}, {kClients, 2, 6}, {1, -1, 1}); }));
  CHECK(refused([&] { slice(rows, {0, 0, 0}, {2, 4, 6}, {1, 1, 1}); }));
  CHECK(refused([&] { take(rows, 0, {0}); }));
  CHECK(refused([&] { take(rows, 2, {0}); }));
  CHECK(refused([&] { take(reshape(rows, {kClients, 24}), 1, {24}); }));
  CHECK(refused([&] { add(rows, random_values({kClients, 4, 6}, 1)); }));
  CHECK(refused([&] { matmul(rows, random_values({6, 2}, 1)); }));
  CHECK(refused([&] { matmul(random_values({2, kClients}, 1), reshape(rows, {kClients, 24})); }));
}

void sums_over_any_axes() {
  const Tensor<Ring> x = random_values({kClients, 4, 6}, 1);
  const SharedRows rows(x);
  const std::vector<std::vector<std::size_t>> all{{0}, {1}, {2}, {0, 1}, {2, 0}, {1, 2}, {0, 1, 2}};
  for (const auto& axes : all) CHECK(equal(sum(rows, axes), sum(x, axes)));
  const Tensor<Ring> numbers = random_values({kClients}, 2);
  CHECK(equal(sum(SharedRows(numbers), {0}), sum(numbers, {0})));
}

// Products and sums over the clients take a piece at a time, and every entry once.
void nobody_asks_for_a_whole_row() {
  constexpr std::size_t kEntries = 9000;
  const Tensor<Ring> x = random_values({kClients, kEntries}, 1);
  const Tensor<Ring> right = random_values({kEntries, 2}, 2);
  const Tensor<Ring> left = random_values({1, kClients}, 3);
  const auto watched = [&](const auto& compute, const Tensor<Ring>& expected) {
    const auto rows = std::make_shared<WatchedRows>(x);
    CHECK(equal(compute(SharedRows(x.shape, rows)), expected));
    CHECK(rows->most_at_a_time <= 4096 && rows->all == x.size());
  };
  watched([&](const SharedRows& rows) { return matmul(rows, right); }, matmul(x, right));
  watched([&](const SharedRows& rows) { return matmul(left, rows); }, matmul(left, x));
  watched([](const SharedRows& rows) { return sum(rows, {0}); }, sum(x, {0}));
  watched(
      [](const SharedRows& rows) {
        const SharedRows matrix = reshape(rows, {kClients, 90, 100});
        const SharedRows head = slice(matrix, {0, 0, 0}, {kClients, 7, 100}, {1, 1, 1});
        const SharedRows tail = slice(matrix, {0, 7, 0}, {kClients, 83, 100}, {1, 1, 1});
        return sum(neg(concat(1, tail, head)), {0});
      },
      neg(sum(
          concat(1,
                 slice(reshape(x, {kClients, 90, 100}), {0, 7, 0}, {kClients, 83, 100}, {1, 1, 1}),
                 slice(reshape(x, {kClients, 90, 100}), {0, 0, 0}, {kClients, 7, 100}, {1, 1, 1})),
          {0})));
}

}  // namespace

int main() {
  what_stays_in_its_row();
  entries_that_lie_anywhere();
  what_does_not_is_refused();
  sums_over_any_axes();
  nobody_asks_for_a_whole_row();
}
