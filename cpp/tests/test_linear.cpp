#include "duet/linear.h"
#include "protocol.h"

namespace {

using namespace duet;

constexpr Ring kMinus1 = ~Ring{0};

void elementwise() {
  const Tensor<Ring> a({2, 1}, {1, kMinus1});
  const Tensor<Ring> b({3}, {0, 1, 2});
  CHECK(equal(add(a, b), {{2, 3}, {1, 2, 3, kMinus1, 0, 1}}));
  CHECK(equal(sub(b, a), {{2, 3}, {kMinus1, 0, 1, 1, 2, 3}}));
  CHECK(equal(mul(a, b), {{2, 3}, {0, 1, 2, 0, kMinus1, kMinus1 - 1}}));
  CHECK(equal(neg(a), {{2, 1}, {kMinus1, 1}}));
  CHECK(equal(shift_left(a, 1), {{2, 1}, {2, kMinus1 - 1}}));
  CHECK(equal(shift_left(a, 64), {{2, 1}, {0, 0}}));
  CHECK(equal(add(public_share(b, 0), public_share(b, 1)), b));
}

void matrices() {
  const Tensor<Ring> a({2, 2}, {1, 2, 3, 4});
  const Tensor<Ring> b({2, 2, 1}, {5, 6, kMinus1, 0});
  CHECK(equal(matmul(a, b), {{2, 2, 1}, {17, 39, kMinus1, kMinus1 - 2}}));
  message_of<std::invalid_argument>([&] { matmul(a, Tensor<Ring>({3, 1})); });
  message_of<std::invalid_argument>([&] { matmul(a, Tensor<Ring>({2})); });
  CHECK(equal(matmul(Tensor<Ring>({1, 0}), Tensor<Ring>({0, 2})), {{1, 2}, {0, 0}}));
}

void sums() {
  const Tensor<Ring> a({2, 3}, {1, 2, 3, 4, 5, kMinus1});
  CHECK(equal(sum(a, {0}), {{3}, {5, 7, 2}}));
  CHECK(equal(sum(a, {1}), {{2}, {6, 8}}));
  CHECK(equal(sum(a, {0, 1}), {{}, {14}}));
  CHECK(equal(sum(a, {}), a));
  CHECK(equal(sum(Tensor<Ring>({0, 2}), {0}), {{2}, {0, 0}}));
}

}  // namespace

int main() {
  elementwise();
  matrices();
  sums();
}
