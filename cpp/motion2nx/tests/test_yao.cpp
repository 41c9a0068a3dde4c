// Garbled circuits on shares, and moving elements between them, in both protocols.
#include "circuits.h"
#include "ezmotion/graph.h"
#include "two_servers.h"

namespace {

using namespace ezmotion;

bool is_negative(Ring x) { return (x >> 63) != 0; }

Tensor<Ring> relu(Tensor<Ring> x) {
  for (Ring& value : x.data) value = is_negative(value) ? 0 : value;
  return x;
}

// Their low `width` bits, sign-extended.
Tensor<Ring> wrapped(Tensor<Ring> x, std::size_t width) {
  for (Ring& value : x.data) {
    value = static_cast<Ring>(static_cast<std::int64_t>(value << (64 - width)) >> (64 - width));
  }
  return x;
}

void there_and_back(TwoServers& servers, Arithmetic arithmetic) {
  for (const std::size_t width : {1, 2, 20, 63, 64}) {
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 33}}) {
      const Tensor<Ring> x = signed_tensor(shape, width, width);
      const Tensors y = servers.compute({x}, [&](Connection& connection, const Tensors& share) {
        Graph graph(connection, arithmetic);
        const Arith result = graph.from_yao(graph.to_yao(graph.input(share[0]), width));
        CHECK(result.shape == shape);
        graph.run();
        return Tensors{graph.share(result)};
      });
      CHECK(equal(y[0], x));
    }
  }
}

void circuits_on_every_element(TwoServers& servers, Arithmetic arithmetic,
                               const Circuits& circuits) {
  for (const std::size_t width : {2, 17, 64}) {
    const Circuit rectifier = load_circuit(circuits.write("relu.txt", relu_text(width)));
    const Circuit adder = load_circuit(circuits.write("adder.txt", adder_text(width)));
    const Circuit complement = load_circuit(circuits.write("not.txt", complement_text(width)));
    const Tensor<Ring> a = signed_tensor({3, 7}, width, 1);
    const Tensor<Ring> b = signed_tensor({3, 7}, width, 2);
    const Tensors y = servers.compute({a, b}, [&](Connection& connection, const Tensors& share) {
      Graph graph(connection, arithmetic);
      const Yao x = graph.to_yao(graph.input(share[0]), width);
      const Yao z = graph.to_yao(graph.input(share[1]), width);
      const std::vector<Yao> positive = graph.circuit(rectifier, {x});
      CHECK(positive.size() == 2 && positive[0].width == width && positive[1].width == 1);
      const Arith kept = graph.from_yao(positive[0]);
      const Arith sign = graph.from_yao(positive[1]);
      const Arith sum = graph.from_yao(graph.circuit(adder, {x, z})[0]);
      // The same operand twice, and a circuit without AND gates.
      const Arith doubled = graph.from_yao(graph.circuit(adder, {x, x})[0]);
      const Arith inverse = graph.from_yao(graph.circuit(complement, {x})[0]);
      graph.run();
      return Tensors{graph.share(kept), graph.share(sign), graph.share(sum), graph.share(doubled),
                     graph.share(inverse)};
    });
    CHECK(equal(y[0], relu(a)));
    for (std::size_t i = 0; i < a.size(); ++i) {
      // A bit alone is a number of one bit: 0 or -1.
      CHECK(y[1].data[i] == (is_negative(a.data[i]) ? ~Ring{0} : 0));
      CHECK(y[4].data[i] == ~a.data[i]);
    }
    CHECK(equal(y[2], wrapped(duet::add(a, b), width)));
    CHECK(equal(y[3], wrapped(duet::add(a, a), width)));
  }
}

void elements_move(TwoServers& servers, Arithmetic arithmetic, const Circuits& circuits) {
  const std::size_t width = 30;
  const Circuit adder = load_circuit(circuits.write("adder.txt", adder_text(width)));
  const Tensor<Ring> a = signed_tensor({2, 3}, width, 3);
  const Tensor<Ring> b = signed_tensor({4}, width, 4);
  const auto turned = [](const Tensors& t) { return duet::transpose(t[0], {1, 0}); };
  const auto joined = [](const Tensors& t) {
    return duet::concat(0, duet::reshape(t[0], Shape{6}), t[1], t[1]);
  };
  const auto spread = [](const Tensors& t) { return duet::broadcast_to(t[0], Shape{5, 4}); };
  const Tensors y = servers.compute({a, b}, [&](Connection& connection, const Tensors& share) {
    Graph graph(connection, arithmetic);
    const Yao x = graph.to_yao(graph.input(share[0]), width);
    const Yao z = graph.to_yao(graph.input(share[1]), width);
    const Arith first = graph.from_yao(graph.move({x}, turned));
    const Arith second = graph.from_yao(graph.move({x, z}, joined));
    const Yao wide = graph.move({z}, spread);
    const Arith third = graph.from_yao(graph.circuit(adder, {wide, wide})[0]);
    graph.run();
    return Tensors{graph.share(first), graph.share(second), graph.share(third)};
  });
  CHECK(equal(y[0], turned({a})));
  CHECK(equal(y[1], joined({a, b})));
  const Tensor<Ring> wide = spread({b});
  CHECK(equal(y[2], wrapped(duet::add(wide, wide), width)));
}

// A circuit, then a sum on shares, then a second circuit that also takes a garbled value of the
// first one.
void circuits_in_a_row(TwoServers& servers, Arithmetic arithmetic, const Circuits& circuits) {
  const std::size_t width = 40;
  const Circuit rectifier = load_circuit(circuits.write("relu.txt", relu_text(width)));
  const Circuit adder = load_circuit(circuits.write("adder.txt", adder_text(width)));
  const Circuit gate = load_circuit(circuits.write("gate.txt", gate_text(width)));
  const Tensor<Ring> x = signed_tensor({9}, 20, 5);
  const Tensors y = servers.compute({x}, [&](Connection& connection, const Tensors& share) {
    Graph graph(connection, arithmetic);
    const std::vector<Yao> first =
        graph.circuit(rectifier, {graph.to_yao(graph.input(share[0]), width)});
    const Arith total = graph.linear({graph.from_yao(first[0])}, [](const Tensors& t) {
      return duet::shift_left(duet::sum(t[0], {0}), 2);
    });
    const Arith more = graph.add_public(graph.square(total), Tensor<Ring>(Shape{}, {77U}));
    const Yao wide = graph.move({graph.to_yao(total, width)}, [](const Tensors& t) {
      return duet::broadcast_to(t[0], Shape{9});
    });
    const Yao sum = graph.circuit(adder, {wide, first[0]})[0];
    const Arith kept = graph.from_yao(graph.circuit(gate, {sum, first[1]})[0]);
    graph.run();
    return Tensors{graph.share(total), graph.share(more), graph.share(kept)};
  });
  const Tensor<Ring> total = duet::shift_left(duet::sum(relu(x), {0}), 2);
  CHECK(equal(y[0], total));
  CHECK(y[1].data[0] == total.data[0] * total.data[0] + 77);
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(y[2].data[i] == (is_negative(x.data[i]) ? total.data[0] : 0));
  }
}

// More AND gates than one message takes.
void tables_in_several_messages(TwoServers& servers, Arithmetic arithmetic,
                                const Circuits& circuits) {
  const std::size_t width = 64;
  Draft many({width});
  for (std::size_t i = 0; i < 3000; ++i) many.both(i % width, (i + 1) % width);
  const std::size_t zero = many.exclusive_or(0, 0);
  for (std::size_t i = 0; i < width; ++i) many.exclusive_or(i, zero);
  const Circuit circuit = load_circuit(circuits.write("many.txt", many.text({width})));
  CHECK(circuit.and_gates == 3000);
  const Tensor<Ring> x = random_tensor({3000}, 6);  // 9 million gates
  const Tensors y = servers.compute({x}, [&](Connection& connection, const Tensors& share) {
    Graph graph(connection, arithmetic);
    const Arith same =
        graph.from_yao(graph.circuit(circuit, {graph.to_yao(graph.input(share[0]), width)})[0]);
    graph.run();
    return Tensors{graph.share(same)};
  });
  CHECK(equal(y[0], x));
}

void what_does_not_fit_is_refused(TwoServers& servers, Arithmetic arithmetic,
                                  const Circuits& circuits) {
  const Circuit adder = load_circuit(circuits.write("adder.txt", adder_text(8)));
  TwoServers::both([&](int party) {
    Graph graph(servers.connection(party), arithmetic);
    const Yao x = graph.to_yao(graph.input(Tensor<Ring>(Shape{2})), 8);
    const Yao other_shape = graph.to_yao(graph.input(Tensor<Ring>(Shape{3})), 8);
    const Yao other_width = graph.to_yao(graph.input(Tensor<Ring>(Shape{2})), 9);
    message_of<std::invalid_argument>([&] { graph.circuit(adder, {x, other_shape}); });
    message_of<std::invalid_argument>([&] { graph.circuit(adder, {x, other_width}); });
    message_of<std::invalid_argument>([&] { graph.circuit(adder, {x}); });
    message_of<std::invalid_argument>([&] {
      graph.move({x, other_width}, [](const Tensors& t) { return duet::concat(t, 0); });
    });
    graph.run();
  });
}

}  // namespace

int main() {
  const Circuits circuits;
  TwoServers servers;
  for (const Arithmetic arithmetic : kProtocols) {
    there_and_back(servers, arithmetic);
    circuits_on_every_element(servers, arithmetic, circuits);
    elements_move(servers, arithmetic, circuits);
    circuits_in_a_row(servers, arithmetic, circuits);
    what_does_not_fit_is_refused(servers, arithmetic, circuits);
  }
  tables_in_several_messages(servers, Arithmetic::kGmw, circuits);
}
