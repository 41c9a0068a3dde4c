#include <vector>

#include "duet/errors.h"
#include "duet/product.h"
#include "duet/square.h"
#include "protocol.h"

namespace {

using namespace duet;

// Masked values as the online phase makes them, from given values and both masks.
Masked masked(const Tensor<Ring>& value, const Shares& masks, std::size_t party) {
  return {add(value, add(masks[0], masks[1])), masks[party]};
}

Shares random_masks(const Shape& shape, std::uint64_t seed) {
  return {random_values(shape, seed), random_values(shape, seed + 1)};
}

Tensor<Ring> multiply(Sessions& both, const Tensor<Ring>& a, const Tensor<Ring>& b,
                      const Cost& cost, Products choice = Products::kCheapest) {
  const Shares masks_a = random_masks(a.shape, 11);
  const Shares masks_b = random_masks(b.shape, 13);
  Shares result;
  std::array<Product, 2> product{Product(choice), Product(choice)};
  both.run(cost, [&](Session& s, std::size_t p) { product[p].setup(s, masks_a[p], masks_b[p]); });
  both.run(Product::online_cost(), [&](Session& s, std::size_t p) {
    result[p] = product[p].online(s, masked(a, masks_a, p), masked(b, masks_b, p));
  });
  return add(result[0], result[1]);
}

void products() {
  for (const int k : {2, 4}) {
    Sessions both({k});
    for (const ProductSize& size : {
             ProductSize{1, 1, 1, 1},
             ProductSize{3, 1, 100, 1},     // dot products
             ProductSize{1, 1, 7, 2},       // rows of one pad
             ProductSize{2, 1, 3, 50},      // rows of many
             ProductSize{2, 5, 3, 4},       // choices from b
             ProductSize{1, 2, 2, 70'000},  // rows in two pieces
             ProductSize{1, 1, 20'000, 1},  // more than one chunk
             ProductSize{2, 3, 0, 4},
         }) {
      const Tensor<Ring> a = random_values({size.batch, size.m, size.k}, 1);
      const Tensor<Ring> b = random_values({size.batch, size.k, size.n}, 2);
      const Cost cost = Product::setup_cost(size, k, Products::kTransfer);
      CHECK(equal(multiply(both, a, b, cost, Products::kTransfer), matmul(a, b)));
    }
    // Any number of leading axes.
    const Tensor<Ring> a = random_values({2, 3, 1, 5}, 1);
    const Tensor<Ring> b = random_values({2, 3, 5, 1}, 2);
    const Cost cost = Product::setup_cost({6, 1, 5, 1}, k);
    CHECK(equal(multiply(both, a, b, cost), matmul(a, b)));
  }
}

void products_by_lattice() {
  Sessions both({}, Keys::kLattice);
  for (const ProductSize& size : {
           ProductSize{1, 1, 1, 1}, ProductSize{1, 1, 30, 3372},  // a weighted sum
           ProductSize{1, 1, 3, 20'000},                          // more columns than coefficients
           ProductSize{2, 3, 50, 70},                             // a batch of matrices
           ProductSize{1, 5, 3, 4},       // the second operand is the smaller one
           ProductSize{1, 1, 20'000, 2},  // more uploads than one window
       }) {
    const Tensor<Ring> a = random_values({size.batch, size.m, size.k}, 1);
    const Tensor<Ring> b = random_values({size.batch, size.k, size.n}, 2);
    const Cost cost = Product::setup_cost(size, 4, Products::kLattice);
    CHECK(equal(multiply(both, a, b, cost, Products::kLattice), matmul(a, b)));
  }
}

void what_sends_less_is_chosen() {
  for (const ProductSize& size : {ProductSize{1, 1, 2, 1}, ProductSize{1, 1, 30, 3372}}) {
    const Cost transfer = Product::setup_cost(size, 4, Products::kTransfer);
    const Cost lattice = Product::setup_cost(size, 4, Products::kLattice);
    const bool is_large = size.n > 1;
    CHECK((lattice.bytes[0] < transfer.bytes[0]) == is_large);
    CHECK(Product::setup_cost(size, 4) == (is_large ? lattice : transfer));
  }
  CHECK(Square::setup_cost(30, 3372, 4) == Square::setup_cost(30, 3372, 4, Products::kLattice));
  CHECK(Square::setup_cost(2, 3, 4) == Square::setup_cost(2, 3, 4, Products::kTransfer));
  // Beyond what the noise has room for, there is only one way.
  CHECK(Square::setup_cost(1, 3'000'000, 4) ==
        Square::setup_cost(1, 3'000'000, 4, Products::kTransfer));
  CHECK(message_of<std::invalid_argument>([] {
          Square::setup_cost(1, 3'000'000, 4, Products::kLattice);
        }) == "too long a product for lattice encryption: it takes 367 uploads, of at most 256");
  CHECK(message_of<std::invalid_argument>([] {
          Product::setup_cost({1, 1, 3'000'000, 4}, 4, Products::kLattice);
        }) == "too long a product for lattice encryption: it takes 367 uploads, of at most 256");
  CHECK(Product::setup_cost({1, 1, 3'000'000, 4}, 4) ==
        Product::setup_cost({1, 1, 3'000'000, 4}, 4, Products::kTransfer));
  CHECK(message_of<std::invalid_argument>([] {
          Product::setup_cost({1, 1, 100, 20'000'000}, 4, Products::kLattice);
        }).starts_with("too large a product for lattice encryption: it takes 1."));
  CHECK(Product::flooding({1, 1, 100, 20'000'000}, 4) == Flooding{});  // by oblivious transfer
}

// A reference that has nothing in common with what is tested.
Ring schoolbook(Ring x, Ring y) {
  Ring product = 0;
  for (; y != 0; y >>= 1, x += x) product += y % 2 == 1 ? x : 0;
  return product;
}

void products_of_extremes() {
  Sessions both;
  const SecretVector<Ring> extremes{0, 1, ~Ring{0}, Ring{1} << 63, (Ring{1} << 63) - 1};
  const Tensor<Ring> a({5, 1, 1}, extremes);
  for (const Ring y : extremes) {
    const Tensor<Ring> b = add(Tensor<Ring>({5, 1, 1}), Tensor<Ring>({}, {y}));
    const Tensor<Ring> product = multiply(both, a, b, Product::setup_cost({5, 1, 1, 1}, 4));
    for (std::size_t i = 0; i < 5; ++i) {
      CHECK(product.data[i] == schoolbook(extremes[i], y));
    }
  }
}

void squares() {
  for (const int k : {2, 4}) {
    for (const Products how : {Products::kTransfer, Products::kLattice}) {
      Sessions both({k}, how == Products::kLattice ? Keys::kLattice : Keys::kTransfer);
      for (const Shape& shape :
           {Shape{1}, Shape{2}, Shape{30, 100}, Shape{2, 3, 5}, Shape{3, 11'000}, Shape{4, 0}}) {
        const Tensor<Ring> a = random_values(shape, 3);
        const Shares masks = random_masks(shape, 15);
        Shares result;
        std::array<Square, 2> square{Square(how), Square(how)};
        const std::size_t batch = element_count(Shape(shape.begin(), shape.end() - 1));
        both.run(Square::setup_cost(batch, shape.back(), k, how),
                 [&](Session& s, std::size_t p) { square[p].setup(s, masks[p]); });
        both.run(Square::online_cost(), [&](Session& s, std::size_t p) {
          result[p] = square[p].online(s, masked(a, masks, p));
        });
        CHECK(equal(add(result[0], result[1]), sum(mul(a, a), {shape.size() - 1})));
      }
    }
  }
}

void a_setup_is_used_once() {
  Sessions both;
  both.run([](Session& s, std::size_t) {
    const Masked one{Tensor<Ring>({1, 1}), Tensor<Ring>({1, 1})};
    Product product;
    message_of<SetupError>([&] { product.online(s, one, one); });
    product.setup(s, one.mask, one.mask);
    product.online(s, one, one);
    message_of<SetupError>([&] { product.online(s, one, one); });
    Square square;
    square.setup(s, one.mask);
    square.online(s, one);
    message_of<SetupError>([&] { square.online(s, one); });
    message_of<std::invalid_argument>([&] { square.setup(s, Tensor<Ring>()); });
  });
}

void traces_are_pinned() {
  Sessions both;
  const Tensor<Ring> a = random_values({2, 2, 3}, 1);
  const Tensor<Ring> b = random_values({2, 3, 4}, 2);
  multiply(both, a, b, Product::setup_cost({2, 2, 3, 4}, 4));
  both.check_traces("product");
  both.run([&](Session& s, std::size_t) { Square().setup(s, a); });
  both.check_traces("product_then_square");
}

// The traffic that FLTrust with 30 clients and 3,372 parameters is planned with.
void norms_and_weighted_sum_fit_the_plan() {
  const Cost norms = Square::setup_cost(30, 3372, 4);
  CHECK(norms.bytes[0] + norms.bytes[1] <= 5'600'000);
  const Cost weighted = Product::setup_cost({1, 1, 30, 3372}, 4);
  CHECK(weighted.bytes[0] + weighted.bytes[1] <= 2'200'000);
}

}  // namespace

int main() {
  products();
  products_by_lattice();
  what_sends_less_is_chosen();
  products_of_extremes();
  squares();
  a_setup_is_used_once();
  traces_are_pinned();
  norms_and_weighted_sum_fit_the_plan();
}
