// Shares in and out, linear maps, products and squares, in both protocols.
#include "ezmotion/graph.h"
#include "two_servers.h"

namespace {

using namespace ezmotion;

void shares_go_in_and_out(TwoServers& servers, Arithmetic arithmetic) {
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{7}, Shape{2, 3, 4}}) {
    const Tensor<Ring> x = random_tensor(shape, 1);
    const Tensors y = servers.compute({x}, [&](Connection& connection, const Tensors& share) {
      Graph graph(connection, arithmetic);
      const Arith input = graph.input(share[0]);
      const Arith same = graph.linear({input}, [](const Tensors& t) { return t[0]; });
      graph.run();
      return Tensors{graph.share(input), graph.share(same)};
    });
    CHECK(equal(y[0], x) && equal(y[1], x));
  }
}

void linear_maps(TwoServers& servers, Arithmetic arithmetic) {
  const Tensor<Ring> a = random_tensor({3, 4}, 2);
  const Tensor<Ring> b = random_tensor({4, 3}, 3);
  const Tensor<Ring> c = random_tensor({2, 3}, 4);
  const Tensor<Ring> matrix = random_tensor({4, 5}, 5);
  const Tensor<Ring> line = random_tensor({4}, 6);
  const LinearFunction mix = [](const Tensors& t) {
    return duet::sub(duet::add(t[0], duet::shift_left(duet::transpose(t[1], {1, 0}), 3)),
                     duet::sum(t[2], {0, 1}));
  };
  const Tensors y = servers.compute({a, b, c}, [&](Connection& connection, const Tensors& share) {
    Graph graph(connection, arithmetic);
    std::vector<Arith> x;
    for (const Tensor<Ring>& t : share) x.push_back(graph.input(t));
    const Arith mixed = graph.linear(x, mix);
    const Arith times =
        graph.linear({mixed}, [&](const Tensors& t) { return duet::matmul(t[0], matrix); });
    const Arith plus = graph.add_public(mixed, line);
    const Arith wide = graph.add_public(
        graph.linear({times}, [](const Tensors& t) { return duet::sum(t[0], {0}); }), matrix);
    graph.run();
    return Tensors{graph.share(mixed), graph.share(times), graph.share(plus), graph.share(wide)};
  });
  const Tensor<Ring> mixed = mix({a, b, c});
  CHECK(equal(y[0], mixed));
  CHECK(equal(y[1], duet::matmul(mixed, matrix)));
  CHECK(equal(y[2], duet::add(mixed, line)));
  CHECK(equal(y[3], duet::add(duet::sum(duet::matmul(mixed, matrix), {0}), matrix)));
}

struct Sizes {
  Shape a;
  Shape b;
};

void products(TwoServers& servers, Arithmetic arithmetic) {
  const std::vector<Sizes> all = {
      {{1, 1}, {1, 1}},
      {{3, 5}, {5, 2}},
      {{1, 40}, {40, 7}},
      {{2, 3, 5}, {2, 5, 4}},
      {{2, 2, 1, 3}, {2, 2, 3, 1}},
  };
  for (const auto& [shape_a, shape_b] : all) {
    const Tensor<Ring> a = random_tensor(shape_a, 7);
    const Tensor<Ring> b = random_tensor(shape_b, 8);
    const Tensors y = servers.compute({a, b}, [&](Connection& connection, const Tensors& share) {
      Graph graph(connection, arithmetic);
      const Arith product = graph.gemm(graph.input(share[0]), graph.input(share[1]));
      CHECK(product.shape == duet::matmul(a, b).shape);
      graph.run();
      return Tensors{graph.share(product)};
    });
    CHECK(equal(y[0], duet::matmul(a, b)));
  }
}

void squares(TwoServers& servers, Arithmetic arithmetic) {
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{3, 50}}) {
    const Tensor<Ring> x = random_tensor(shape, 9);
    const Tensors y = servers.compute({x}, [&](Connection& connection, const Tensors& share) {
      Graph graph(connection, arithmetic);
      const Arith once = graph.square(graph.input(share[0]));
      const Arith twice = graph.square(once);
      graph.run();
      return Tensors{graph.share(once), graph.share(twice)};
    });
    const Tensor<Ring> once = duet::mul(x, x);
    CHECK(equal(y[0], once) && equal(y[1], duet::mul(once, once)));
  }
}

// What a product gives may go on: into a map, a public sum, another product.
void results_are_operands(TwoServers& servers, Arithmetic arithmetic) {
  const Tensor<Ring> a = random_tensor({2, 3}, 10);
  const Tensor<Ring> b = random_tensor({3, 2}, 11);
  const Tensor<Ring> c = random_tensor({2, 2}, 12);
  const Tensors y = servers.compute({a, b}, [&](Connection& connection, const Tensors& share) {
    Graph graph(connection, arithmetic);
    const Arith product = graph.gemm(graph.input(share[0]), graph.input(share[1]));
    const Arith shifted = graph.add_public(product, c);
    const Arith result = graph.square(graph.gemm(shifted, product));
    graph.run();
    return Tensors{graph.share(result)};
  });
  const Tensor<Ring> product = duet::matmul(a, b);
  const Tensor<Ring> again = duet::matmul(duet::add(product, c), product);
  CHECK(equal(y[0], duet::mul(again, again)));
}

// What one server holds at the end must not tell the value: with fresh randomness it differs.
void results_are_masked_afresh(TwoServers& servers, Arithmetic arithmetic) {
  const Tensor<Ring> x = random_tensor({4}, 13);
  std::vector<Tensor<Ring>> seen;
  for (int i = 0; i < 2; ++i) {
    TwoServers::both([&](int party) {
      Graph graph(servers.connection(party), arithmetic);
      const Arith y = graph.square(graph.input(duet::public_share(x, party)));
      graph.run();
      if (party == 0) seen.push_back(graph.share(y));
    });
  }
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(seen[0].data[i] != seen[1].data[i]);
}

}  // namespace

int main() {
  TwoServers servers;
  for (const Arithmetic arithmetic : kProtocols) {
    shares_go_in_and_out(servers, arithmetic);
    linear_maps(servers, arithmetic);
    products(servers, arithmetic);
    squares(servers, arithmetic);
    results_are_operands(servers, arithmetic);
    results_are_masked_afresh(servers, arithmetic);
  }
}
