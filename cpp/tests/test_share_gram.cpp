#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "duet/errors.h"
#include "duet/linear.h"
#include "duet/share_gram.h"
#include "protocol.h"

namespace {

using namespace duet;

// The independent reference: entry by entry.
Tensor<Ring> inner_products(const Tensor<Ring>& x) {
  const std::size_t n = x.shape[0];
  const std::size_t k = x.shape[1];
  Tensor<Ring> result({n, n});
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t t = 0; t < k; ++t) {
        result.data[i * n + j] += x.data[i * k + t] * x.data[j * k + t];
      }
    }
  }
  return result;
}

Tensor<Ring> gram(Sessions& both, const Shares& shares) {
  const Shape shape = shares[0].shape;
  Shares result;
  both.run(ShareGram::online_cost(shape[0], shape[1]), [&](Session& s, std::size_t p) {
    ShareGram product;
    product.setup(s, shape);
    product.send_uploads(s, shares[p]);
    product.receive_uploads(s);
    product.send_answers(s);
    result[p] = product.receive_answers(s);
  });
  return add(result[0], result[1]);
}

// One row; odd lengths, so that halves differ; rows that share uploads and rows that need several;
// more answers than fit into one.
const std::vector<Shape> kShapes{{1, 2},      {1, 7},     {2, 3},    {3, 11},
                                 {5, 20'001}, {30, 3372}, {33, 701}, {70, 40}};

void gram_matrices() {
  Sessions both({}, Keys::kLattice);
  for (const Shape& shape : kShapes) {
    const Tensor<Ring> x = random_values(shape, 1);
    CHECK(equal(gram(both, share_out(x, 2)), inner_products(x)));
  }
}

// Both servers' shares are as large as can be, so that all sums are: 2(2^63 + 1) = 2.
void largest_shares() {
  Sessions both({}, Keys::kLattice);
  for (const Shape& shape : kShapes) {
    const Tensor<Ring> half(shape, SecretVector<Ring>(element_count(shape), (Ring{1} << 63) + 1));
    const Tensor<Ring> twos(shape, SecretVector<Ring>(element_count(shape), 2));
    CHECK(equal(gram(both, {half, half}), inner_products(twos)));
  }
}

void any_number_of_threads_computes_the_same() {
  const Tensor<Ring> x = random_values({40, 9001}, 3);
  for (const unsigned threads : {1U, 2U, 5U}) {
    Sessions both({.threads = threads}, Keys::kLattice);
    CHECK(equal(gram(both, share_out(x, 4)), inner_products(x)));
  }
}

// Shares of a result are masked: with other randomness they are others, for the same operands.
void every_share_is_fresh() {
  Sessions both({}, Keys::kLattice);
  const Tensor<Ring> x = random_values({3, 50}, 5);
  const Shares shares = share_out(x, 6);
  std::vector<Tensor<Ring>> first;
  for (int round = 0; round < 2; ++round) {
    both.run([&](Session& s, std::size_t p) {
      ShareGram product;
      product.setup(s, x.shape);
      product.send_uploads(s, shares[p]);
      product.receive_uploads(s);
      product.send_answers(s);
      Tensor<Ring> result = product.receive_answers(s);
      if (p == 0) first.push_back(std::move(result));
    });
  }
  for (std::size_t i = 0; i < first[0].size(); ++i) CHECK(first[0].data[i] != first[1].data[i]);
}

// An upload for each entry but once, of one server or the other: half of what a product of two
// matrices of these sizes sends, whose factors are each encrypted by both.
void every_entry_is_encrypted_once() {
  constexpr std::uint64_t kRows = 30;
  constexpr std::uint64_t kLength = 100'000;
  const Cost cost = ShareGram::online_cost(kRows, kLength);
  const std::uint64_t bytes = cost.bytes[0] + cost.bytes[1];
  CHECK(bytes > 25 * kRows * kLength && bytes < 27 * kRows * kLength);
  CHECK(cost.rounds == 2);
}

void rows_may_lie_anywhere() {
  const Tensor<Ring> x = random_values({4, 5001}, 7);
  const Shares shares = share_out(x, 8);
  std::array<std::string, 2> sent;
  for (const bool borrowed : {false, true}) {
    Sessions both({}, Keys::kLattice);
    Shares result;
    both.run([&](Session& s, std::size_t p) {
      ShareGram product;
      product.setup(s, x.shape);
      const SharedRows rows(shares[p]);
      if (borrowed) {
        product.send_uploads(s, rows);
      } else {
        product.send_uploads(s, shares[p]);
      }
      product.receive_uploads(s);
      product.send_answers(s);
      result[p] = product.receive_answers(s);
    });
    CHECK(equal(add(result[0], result[1]), inner_products(x)));
    sent[borrowed] = hex(both[0].channel().sent_digest()) + hex(both[1].channel().sent_digest());
  }
  CHECK(sent[0] == sent[1]);
}

void a_setup_is_for_one_shape() {
  Sessions both({}, Keys::kLattice);
  both.run([](Session& s, std::size_t) {
    ShareGram product;
    message_of<SetupError>([&] { product.send_uploads(s, Tensor<Ring>({3, 4})); });
    for (const Shape& shape : {Shape{3, 1}, Shape{3}, Shape{2, 3, 4}}) {
      message_of<std::invalid_argument>([&] { product.setup(s, shape); });
    }
    product.setup(s, {3, 5});
    message_of<SetupError>([&] { product.send_uploads(s, Tensor<Ring>({3, 4})); });
  });
}

void traces_are_pinned() {
  Sessions both({}, Keys::kLattice);
  gram(both, share_out(random_values({3, 11}, 1), 2));
  both.check_traces("share_gram");
}

}  // namespace

int main() {
  gram_matrices();
  largest_shares();
  any_number_of_threads_computes_the_same();
  every_share_is_fresh();
  every_entry_is_encrypted_once();
  rows_may_lie_anywhere();
  a_setup_is_for_one_shape();
  traces_are_pinned();
}
