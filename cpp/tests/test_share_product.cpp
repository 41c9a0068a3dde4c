#include <vector>

#include "duet/share_product.h"
#include "protocol.h"

namespace {

using namespace duet;

Tensor<Ring> multiply(Sessions& both, const Tensor<Ring>& a, const Tensor<Ring>& b,
                      const Cost& cost) {
  const Shares shares_a = share_out(a, 1);
  const Shares shares_b = share_out(b, 2);
  Shares result;
  both.run(cost, [&](Session& s, std::size_t p) {
    ShareProduct product;
    product.setup(s);
    product.send_uploads(s, shares_a[p], shares_b[p]);
    product.receive_uploads(s);
    product.send_answers(s);
    result[p] = product.receive_answers(s);
  });
  return add(result[0], result[1]);
}

Tensor<Ring> square(Sessions& both, const Tensor<Ring>& x, const Cost& cost) {
  const Shares shares = share_out(x, 3);
  Shares result;
  both.run(cost, [&](Session& s, std::size_t p) {
    ShareSquare squares;
    squares.setup(s);
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

void traces_are_pinned() {
  Sessions both({}, Keys::kLattice);
  square(both, random_values({2, 10}, 3), ShareSquare::online_cost(2, 10));
  multiply(both, random_values({1, 2}, 1), random_values({2, 3}, 2),
           ShareProduct::online_cost({1, 1, 2, 3}));
  both.check_traces("aee056879d1ab5a0d139b15a6ab791dece3a2253f4a50a31c26b3811d6098436",
                    "0a70769f894c1b019905dbd3c43fb0b611ba24325f6800124b210a2cdd7f7be2");
}

}  // namespace

int main() {
  products();
  squares();
  traces_are_pinned();
}
