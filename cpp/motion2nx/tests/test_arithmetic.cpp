// Shares in and out, linear maps, masks, products and squares, in both protocols.
#include "duet/shared_rows.h"
#include "ezmotion/operations.h"
#include "two_servers.h"

namespace {

using namespace ezmotion;

// With ArithmeticBEAVY a masked value, with ArithmeticGMW the shares as they are.
TensorCP factor(Backend& backend, const TensorCP& x) {
  return backend.convert(backend.arithmetic(), x);
}

void shares_go_in_and_out(TwoServers& servers, MPCProtocol arithmetic) {
  for (const Shape& shape : {Shape{1}, Shape{7}, Shape{2, 3, 4}}) {
    const Tensor<Ring> x = random_tensor(shape, 1);
    const Tensors y =
        servers.compute(arithmetic, {x}, [](Backend& backend, const TensorCPs& t) -> TensorCPs {
          const TensorCP masked = backend.convert(MPCProtocol::ArithmeticBEAVY, t[0]);
          return {t[0], backend.convert(MPCProtocol::ArithmeticGMW, masked)};
        });
    CHECK(equal(y[0], x) && equal(y[1], x));
  }
}

void linear_maps(TwoServers& servers, MPCProtocol arithmetic) {
  const Tensor<Ring> a = random_tensor({3, 4}, 2);
  const Tensor<Ring> b = random_tensor({4, 3}, 3);
  const Tensor<Ring> c = random_tensor({2, 3}, 4);
  const Tensor<Ring> matrix = random_tensor({4, 5}, 5);
  const Tensor<Ring> line = random_tensor({4}, 6);
  const LinearFunction mix = [](const Tensors& t) {
    return duet::sub(duet::add(t[0], duet::shift_left(duet::transpose(t[1], {1, 0}), 3)),
                     duet::sum(t[2], {0, 1}));
  };
  const Tensors y = servers.compute(
      arithmetic, {a, b, c}, [&](Backend& backend, const TensorCPs& t) -> TensorCPs {
        const int party = backend.party();
        const TensorCP mixed = make_linear_op(backend, t, Shape{3, 4}, mix);
        const TensorCP times =
            make_linear_op(backend, {mixed, make_constant_op(backend, matrix)}, Shape{3, 5},
                           [](const Tensors& x) { return duet::matmul(x[0], x[1]); });
        const TensorCP plus = make_linear_op(
            backend, {mixed, make_constant_op(backend, line)}, Shape{3, 4},
            [party](const Tensors& x) { return duet::add(x[0], duet::public_share(x[1], party)); });
        const TensorCP constant = make_sharing_op(backend, make_constant_op(backend, line));
        // Of masked values the function is one of the masks and of the Δ.
        const TensorCP turned =
            make_linear_op(backend, {factor(backend, t[0])}, Shape{4, 3}, [](const Tensors& x) {
              return duet::transpose(x[0], {1, 0});
            });
        return {mixed, times, plus, constant, backend.convert(MPCProtocol::ArithmeticGMW, turned)};
      });
  const Tensor<Ring> mixed = mix({a, b, c});
  CHECK(equal(y[0], mixed));
  CHECK(equal(y[1], duet::matmul(mixed, matrix)));
  CHECK(equal(y[2], duet::add(mixed, line)));
  CHECK(equal(y[3], line));
  CHECK(equal(y[4], duet::transpose(a, {1, 0})));
}

void products(TwoServers& servers, MPCProtocol arithmetic) {
  struct Sizes {
    Shape a;
    Shape b;
  };
  const std::vector<Sizes> all = {
      {{1, 1}, {1, 1}},
      {{3, 5}, {5, 2}},
      {{1, 400}, {400, 7}},
      {{2, 3, 5}, {2, 5, 4}},
      {{2, 2, 1, 3}, {2, 2, 3, 1}},
  };
  for (const auto& [shape_a, shape_b] : all) {
    const Tensor<Ring> a = random_tensor(shape_a, 7);
    const Tensor<Ring> b = random_tensor(shape_b, 8);
    const Tensors y =
        servers.compute(arithmetic, {a, b}, [](Backend& backend, const TensorCPs& t) -> TensorCPs {
          return {make_gemm_op(backend, factor(backend, t[0]), factor(backend, t[1]))};
        });
    CHECK(equal(y[0], duet::matmul(a, b)));
  }
}

void squares(TwoServers& servers, MPCProtocol arithmetic) {
  for (const Shape& shape : {Shape{1}, Shape{3, 50}, Shape{3, 0}}) {
    const Tensor<Ring> x = random_tensor(shape, 9);
    const Tensors y =
        servers.compute(arithmetic, {x}, [](Backend& backend, const TensorCPs& t) -> TensorCPs {
          return {make_square_sum_op(backend, factor(backend, t[0]))};
        });
    CHECK(equal(y[0], duet::sum(duet::mul(x, x), {x.shape.size() - 1})));
  }
}

// What a product gives may go on: into a map, an opening, another product.
void results_are_operands(TwoServers& servers, MPCProtocol arithmetic) {
  const Tensor<Ring> a = random_tensor({2, 3}, 10);
  const Tensor<Ring> b = random_tensor({3, 2}, 11);
  const Tensors y =
      servers.compute(arithmetic, {a, b}, [](Backend& backend, const TensorCPs& t) -> TensorCPs {
        const TensorCP product =
            make_gemm_op(backend, factor(backend, t[0]), factor(backend, t[1]));
        const TensorCP opened = make_opening_op(backend, product);
        const TensorCP times =
            make_linear_op(backend, {product, opened}, Shape{2, 2},
                           [](const Tensors& x) { return duet::matmul(x[0], x[1]); });
        const TensorCP masked = factor(backend, times);
        return {make_gemm_op(backend, masked, masked)};
      });
  const Tensor<Ring> product = duet::matmul(a, b);
  const Tensor<Ring> times = duet::matmul(product, product);
  CHECK(equal(y[0], duet::matmul(times, times)));
}

// What one server holds at the end must not tell the value: with fresh randomness it differs.
void results_are_shared_afresh(TwoServers& servers, MPCProtocol arithmetic) {
  const Tensor<Ring> x = random_tensor({4, 2}, 13);
  std::vector<Tensor<Ring>> seen;
  for (int i = 0; i < 2; ++i) {
    TwoServers::both([&](int party) {
      const Tensors share = TwoServers::run(
          servers.connection(party), servers.base_ots(party), arithmetic,
          {duet::public_share(x, party)}, [](Backend& backend, const TensorCPs& t) -> TensorCPs {
            return {make_square_sum_op(backend, factor(backend, t[0]))};
          });
      if (party == 0) seen.push_back(share[0]);
    });
  }
  for (std::size_t i = 0; i < seen[0].size(); ++i) CHECK(seen[0].data[i] != seen[1].data[i]);
}

std::uint64_t sent_between(duet::Session& session, const duet::Traffic& before) {
  return session.channel().traffic().bytes_sent - before.bytes_sent;
}

// ABY2.0's point: products of masks are there before the inputs, online a product of masked values
// sends nothing, and to mask takes 8 bytes for each element.
void products_are_prepared_without_inputs(TwoServers& servers) {
  TwoServers::both([&](int party) {
    Connection& connection = servers.connection(party);
    duet::Session& session = servers.session(party);
    Backend backend(connection, MPCProtocol::ArithmeticBEAVY, 1);
    const TensorCP a = factor(backend, backend.add_share_input(0, Shape{1, 1000}));
    const TensorCP b = factor(backend, backend.add_share_input(1, Shape{1000, 2}));
    const TensorCP product = make_gemm_op(backend, a, b);
    const TensorCP again = make_gemm_op(backend, a, b);
    const duet::Traffic start = session.channel().traffic();
    backend.run_setup(servers.base_ots(party));
    CHECK(sent_between(session, start) > 1000);
    const duet::Traffic ready = session.channel().traffic();
    duet::ClientShares shares;
    shares.add(duet::SharedRows(random_tensor({1, 1000}, 1)));
    shares.add(duet::SharedRows(random_tensor({1000, 2}, 2)));
    backend.run_online(shares, {});
    const std::uint64_t online = sent_between(session, ready);
    CHECK(online >= 8 * 3000 && online < 8 * 3000 + 200);
    CHECK(backend.value(product).data != backend.value(again).data);
  });
}

void what_does_not_fit_is_refused(TwoServers& servers, MPCProtocol arithmetic) {
  TwoServers::both([&](int party) {
    Connection& connection = servers.connection(party);
    message_of<std::invalid_argument>([&] { Backend(connection, MPCProtocol::Yao, 1); });
    Backend backend(connection, arithmetic, 1);
    const TensorCP x = backend.add_share_input(0, Shape{2, 3});
    const TensorCP y = backend.add_share_input(1, Shape{2, 3});
    message_of<std::invalid_argument>([&] { make_gemm_op(backend, x, y); });
    message_of<std::invalid_argument>([&] { make_sharing_op(backend, x); });
    const TensorCP wrong = make_linear_op(backend, {x}, Shape{2},
                                          [](const Tensors& t) { return duet::sum(t[0], {0}); });
    backend.run_setup(servers.base_ots(party));
    duet::ClientShares shares;
    shares.add(duet::SharedRows(Tensor<Ring>(Shape{2, 3})));
    shares.add(duet::SharedRows(Tensor<Ring>(Shape{2, 4})));
    message_of<std::invalid_argument>([&] { backend.run_online(shares, {}); });
    static_cast<void>(wrong);
  });
}

}  // namespace

int main() {
  TwoServers servers;
  for (const MPCProtocol arithmetic : kProtocols) {
    shares_go_in_and_out(servers, arithmetic);
    linear_maps(servers, arithmetic);
    products(servers, arithmetic);
    squares(servers, arithmetic);
    results_are_operands(servers, arithmetic);
    results_are_shared_afresh(servers, arithmetic);
    what_does_not_fit_is_refused(servers, arithmetic);
  }
  products_are_prepared_without_inputs(servers);
}
