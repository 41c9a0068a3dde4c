#include <cmath>
#include <vector>

#include "duet/errors.h"
#include "duet/session_setup.h"
#include "duet/share_product.h"
#include "duet/share_square.h"
#include "protocol.h"

namespace {

using namespace duet;

Tensor<Ring> multiply_shares(Sessions& both, const Shares& shares_a, const Shares& shares_b,
                             const Cost& cost) {
  Shares result;
  both.run(cost, [&](Session& s, std::size_t p) {
    ShareProduct product;
    product.setup(s, shares_a[p].shape, shares_b[p].shape);
    product.send_uploads(s, shares_a[p], shares_b[p]);
    product.receive_uploads(s);
    product.send_answers(s);
    result[p] = product.receive_answers(s);
  });
  return add(result[0], result[1]);
}

Tensor<Ring> multiply(Sessions& both, const Tensor<Ring>& a, const Tensor<Ring>& b,
                      const Cost& cost) {
  return multiply_shares(both, share_out(a, 1), share_out(b, 2), cost);
}

Tensor<Ring> square(Sessions& both, const Tensor<Ring>& x, const Cost& cost) {
  const Shares shares = share_out(x, 3);
  Shares result;
  both.run(cost, [&](Session& s, std::size_t p) {
    ShareSquare squares;
    squares.setup(s, x.shape);
    squares.send_uploads(s, shares[p]);
    squares.receive_uploads(s);
    squares.send_answers(s);
    result[p] = squares.receive_answers(s);
  });
  return add(result[0], result[1]);
}

void products() {
  Sessions both({}, Keys::kLattice);
  for (const ProductSize& size :
       {ProductSize{1, 1, 30, 3372}, ProductSize{2, 3, 50, 70}, ProductSize{1, 5, 3, 4},
        ProductSize{1, 1, 20'000, 2}, ProductSize{3, 4, 1, 1}}) {
    const Tensor<Ring> a = random_values({size.batch, size.m, size.k}, 1);
    const Tensor<Ring> b = random_values({size.batch, size.k, size.n}, 2);
    CHECK(equal(multiply(both, a, b, ShareProduct::online_cost(size)), matmul(a, b)));
  }
}

// Packs with some answers that need the same uploads, uploads that fill more than a window, rows of
// which only a part is left at the end; in both orientations. All shares are as large as can be, so
// that all sums are, or random.
void any_number_of_threads_computes_the_same() {
  for (const ProductSize& size : {ProductSize{1, 1, 100, 9000}, ProductSize{1, 9000, 100, 1},
                                  ProductSize{2, 40, 30, 3}, ProductSize{1, 1, 150'000, 1}}) {
    const Shape shape_a{size.batch, size.m, size.k};
    const Shape shape_b{size.batch, size.k, size.n};
    const Tensor<Ring> a = random_values(shape_a, 1);
    const Tensor<Ring> b = random_values(shape_b, 2);
    for (const unsigned threads : {1U, 2U, 5U, 40U}) {
      Sessions both({.threads = threads}, Keys::kLattice);
      CHECK(equal(multiply(both, a, b, ShareProduct::online_cost(size)), matmul(a, b)));
    }
    // Both servers have the same shares, of 2(2^63 - 1) and 2(2^63 + 1): their product is -4.
    const Tensor<Ring> largest_a(shape_a, SecretVector<Ring>(a.size(), (Ring{1} << 63) - 1));
    const Tensor<Ring> largest_b(shape_b, SecretVector<Ring>(b.size(), (Ring{1} << 63) + 1));
    Tensor<Ring> expected(Shape{size.batch, size.m, size.n});
    for (Ring& entry : expected.data) entry = 0 - 4 * Ring{size.k};
    Sessions both({}, Keys::kLattice);
    CHECK(equal(multiply_shares(both, {largest_a, largest_a}, {largest_b, largest_b},
                                ShareProduct::online_cost(size)),
                expected));
  }
}

void squares() {
  Sessions both({}, Keys::kLattice);
  for (const Shape& shape : {Shape{7}, Shape{2, 1}, Shape{5, 3000}, Shape{2, 3, 50},
                             Shape{1, 20'001}, Shape{3, 11'000}, Shape{20, 900}}) {
    const Tensor<Ring> x = random_values(shape, 3);
    const std::size_t batch = element_count(Shape(shape.begin(), shape.end() - 1));
    CHECK(equal(square(both, x, ShareSquare::online_cost(batch, shape.back())),
                sum(mul(x, x), {shape.size() - 1})));
  }
}

void keys_are_renewed_at_the_budget() {
  const ProductSize size{1, 1, 4, 5};
  const double each = ShareProduct::flooding(size)[0];
  CHECK(each > 0 && ShareProduct::flooding(size)[1] == each);
  Sessions both({.flooding_budget = 3 * each}, Keys::kLattice);
  const Tensor<Ring> a = random_values({1, 4}, 1);
  const Tensor<Ring> b = random_values({4, 5}, 2);
  for (const bool renewed : {false, false, false, true, false, false, true}) {
    const Cost cost = ShareProduct::online_cost(size);
    const Cost keys{LatticeKeys::setup_cost().bytes, LatticeKeys::setup_cost().messages, 0};
    Cost expected = cost;
    if (renewed) {
      expected = parallel(cost, keys);
      expected.rounds += LatticeKeys::setup_cost().rounds;
    }
    CHECK(equal(multiply(both, a, b, expected), matmul(a, b)));
  }
  // Answers under the other party's key count for themselves: the larger half of a square is party
  // 1's, and it is that which exceeds the budget.
  const auto [first, second] = ShareSquare::flooding(3, 10);
  CHECK(first < second);
  Sessions halves({.flooding_budget = 1.5 * second}, Keys::kLattice);
  std::array<bool, 2> is_new{};
  halves.run([&](Session& s, std::size_t p) {
    const auto before = s.rlwe({0, 0});
    s.rlwe({first, second});
    is_new[p] = s.rlwe({0, second}) != before;
  });
  CHECK(is_new[0] && is_new[1]);
}

void what_no_key_may_answer_is_refused() {
  const double each = ShareProduct::flooding({1, 1, 4, 5})[0];
  Sessions both({.flooding_budget = 0.9 * each});
  both.run([](Session& s, std::size_t) {
    ShareProduct product;
    CHECK(message_of<SetupError>([&] {
            product.setup(s, {1, 4}, {4, 5});
          }).starts_with("a product is too large for lattice encryption"));
  });
}

// Two million terms are as many as the noise bound has room for.
void too_long_sums_are_refused() {
  CHECK(ShareProduct::flooding({1, 1, 2'097'152, 1})[0] < kFloodingBudget);
  CHECK(ShareProduct::flooding({1, 1, 2'097'153, 1})[0] > kFloodingBudget);
  CHECK(ShareProduct::flooding({1, 1, 0, 1})[0] == 0);
  CHECK(ShareProduct::online_cost({1, 3, 0, 2}) == Cost{});  // nothing is sent
  Sessions both;
  both.run([](Session& s, std::size_t) {
    ShareProduct product;
    message_of<SetupError>([&] { product.setup(s, {1, 3'000'000}, {3'000'000, 1}); });
  });
}

void products_need_a_setup_for_their_shapes() {
  Sessions both({}, Keys::kLattice);
  both.run([](Session& s, std::size_t) {
    ShareProduct product;
    const Tensor<Ring> a({1, 4});
    const Tensor<Ring> b({4, 5});
    message_of<SetupError>([&] { product.send_uploads(s, a, b); });
    product.setup(s, {1, 4}, {4, 6});
    message_of<SetupError>([&] { product.send_uploads(s, a, b); });
    ShareSquare square;
    square.setup(s, {3, 4});
    message_of<SetupError>([&] { square.send_uploads(s, a); });
  });
}

// A million results of a hundred clients stay within 2^-41, and so do 24 uploads for each answer.
void distances_are_bounded() {
  const double weighted_sum = ShareProduct::flooding({1, 1, 100, 1'000'000})[0];
  CHECK(weighted_sum < 0x1p-41 && weighted_sum > 0x1p-44);
  // The layout is one that fits the budget, where there is one: here, with fewer uploads an answer.
  CHECK(ShareProduct::flooding({1, 1, 100, 10'000'000})[0] <= kFloodingBudget);
  CHECK(ShareProduct::flooding({1, 1, 100, 20'000'000})[0] > kFloodingBudget);
  // Twice as many coefficients are twice as far.
  const double one = ShareProduct::flooding({1, 1, 4, 100})[0];
  CHECK(std::abs(ShareProduct::flooding({2, 1, 4, 100})[0] / one - 2) < 1e-9);
  CHECK(std::abs(std::log2(one / 100) + 63.6) < 0.1);
}

void traces_are_pinned() {
  Sessions both({}, Keys::kLattice);
  square(both, random_values({2, 10}, 3), ShareSquare::online_cost(2, 10));
  multiply(both, random_values({1, 2}, 1), random_values({2, 3}, 2),
           ShareProduct::online_cost({1, 1, 2, 3}));
  both.check_traces("share_square_and_share_product");
}

}  // namespace

int main() {
  products();
  any_number_of_threads_computes_the_same();
  squares();
  keys_are_renewed_at_the_budget();
  what_no_key_may_answer_is_refused();
  too_long_sums_are_refused();
  products_need_a_setup_for_their_shapes();
  distances_are_bounded();
  traces_are_pinned();
}
