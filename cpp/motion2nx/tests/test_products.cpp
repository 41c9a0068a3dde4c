// Products cut into tiles give what they give in one piece.
#include "ezmotion/products.h"
#include "two_servers.h"

namespace {

using namespace ezmotion;

struct Sizes {
  Shape a;
  Shape b;
};

Tensor<Ring> squares_of(const Tensor<Ring>& x) {
  return duet::sum(duet::mul(x, x), {x.shape.size() - 1});
}

void equal_plain_arithmetic(TwoServers& servers, Arithmetic arithmetic, std::size_t budget,
                            const std::vector<Sizes>& sizes, const std::vector<Shape>& squares) {
  Tensors inputs;
  Tensors expected;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    inputs.push_back(random_tensor(sizes[i].a, i));
    inputs.push_back(random_tensor(sizes[i].b, 100 + i));
    expected.push_back(duet::matmul(inputs[2 * i], inputs[2 * i + 1]));
  }
  for (std::size_t i = 0; i < squares.size(); ++i) {
    inputs.push_back(random_tensor(squares[i], 200 + i));
    expected.push_back(squares_of(inputs.back()));
  }
  const Tensors y = servers.compute(inputs, [&](Connection& connection, const Tensors& share) {
    Products products(connection, arithmetic, budget);
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      numbers.push_back(products.gemm(share[2 * i], share[2 * i + 1]));
    }
    for (std::size_t i = 0; i < squares.size(); ++i) {
      numbers.push_back(products.square_sum(share[2 * sizes.size() + i]));
    }
    products.run();
    Tensors results;
    for (const std::size_t number : numbers) results.push_back(products.result(number));
    return results;
  });
  CHECK(y.size() == expected.size());
  for (std::size_t i = 0; i < y.size(); ++i) CHECK(equal(y[i], expected[i]));
}

void nothing_is_no_work(TwoServers& servers, Arithmetic arithmetic) {
  const Tensors y = servers.compute({}, [&](Connection& connection, const Tensors&) {
    Products products(connection, arithmetic);
    const std::size_t empty = products.square_sum(Tensor<Ring>(Shape{3, 0}));
    products.run();
    return Tensors{products.result(empty)};
  });
  CHECK(equal(y[0], Tensor<Ring>(Shape{3})));
}

}  // namespace

int main() {
  const std::vector<Sizes> sizes = {
      {{1, 1}, {1, 1}},       {{1, 37}, {37, 5}},           {{5, 3}, {3, 9}},
      {{2, 3, 4}, {2, 4, 5}}, {{2, 1, 2, 6}, {2, 1, 6, 3}},
  };
  const std::vector<Shape> squares = {{1}, {13}, {4, 9}, {2, 3, 5}};
  TwoServers servers;
  for (const Arithmetic arithmetic : kProtocols) {
    equal_plain_arithmetic(servers, arithmetic, Products::kDefaultBudget, sizes, squares);
    equal_plain_arithmetic(servers, arithmetic, std::size_t{100} << 10, sizes, squares);
    // So little that every product of two numbers is a tile.
    equal_plain_arithmetic(servers, arithmetic, 12'000, {{{2, 3}, {3, 2}}}, {{2, 3}});
    nothing_is_no_work(servers, arithmetic);
  }
}
