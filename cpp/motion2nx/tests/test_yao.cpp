// Garbled circuits on shares, and moving elements between them, in both protocols.
#include "circuits.h"
#include "communication/communication_layer.h"
#include "ezmotion/operations.h"
#include "two_servers.h"

namespace {

using namespace ezmotion;

TensorCP to_yao(Backend& backend, const TensorCP& x, std::size_t width) {
  return make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, x), width);
}

TensorCP from_yao(Backend& backend, const TensorCP& x) {
  return backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, x));
}

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

void there_and_back(TwoServers& servers, MPCProtocol arithmetic) {
  for (const std::size_t width : {1, 2, 20, 63, 64}) {
    for (const Shape& shape : {Shape{1}, Shape{5}, Shape{2, 33}}) {
      const Tensor<Ring> x = signed_tensor(shape, width, width);
      const Tensors y = servers.compute(
          arithmetic, {x}, [&](Backend& backend, const TensorCPs& share) -> TensorCPs {
            const TensorCP result = from_yao(backend, to_yao(backend, share[0], width));
            CHECK(backend.shape(result) == shape);
            return {result};
          });
      CHECK(equal(y[0], x));
    }
  }
}

void circuits_on_every_element(TwoServers& servers, MPCProtocol arithmetic,
                               const Circuits& circuits) {
  for (const std::size_t width : {2, 17, 64}) {
    const Circuit rectifier = load_circuit(circuits.write("relu.txt", relu_text(width)));
    const Circuit adder = load_circuit(circuits.write("adder.txt", adder_text(width)));
    const Circuit complement = load_circuit(circuits.write("not.txt", complement_text(width)));
    const Tensor<Ring> a = signed_tensor({3, 7}, width, 1);
    const Tensor<Ring> b = signed_tensor({3, 7}, width, 2);
    const Tensors y = servers.compute(
        arithmetic, {a, b}, [&](Backend& backend, const TensorCPs& share) -> TensorCPs {
          const TensorCP x = to_yao(backend, share[0], width);
          const TensorCP z = to_yao(backend, share[1], width);
          const TensorCPs positive = make_circuit_op(backend, rectifier, {x});
          CHECK(positive.size() == 2 && backend.shape(positive[1]) == a.shape);
          const TensorCP kept = from_yao(backend, positive[0]);
          const TensorCP sign = from_yao(backend, positive[1]);
          const TensorCP sum = from_yao(backend, make_circuit_op(backend, adder, {x, z})[0]);
          // The same operand twice, and a circuit without AND gates.
          const TensorCP doubled = from_yao(backend, make_circuit_op(backend, adder, {x, x})[0]);
          const TensorCP inverse = from_yao(backend, make_circuit_op(backend, complement, {x})[0]);
          return {kept, sign, sum, doubled, inverse};
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

void elements_move(TwoServers& servers, MPCProtocol arithmetic, const Circuits& circuits) {
  const std::size_t width = 30;
  const Circuit adder = load_circuit(circuits.write("adder.txt", adder_text(width)));
  const Tensor<Ring> a = signed_tensor({2, 3}, width, 3);
  const Tensor<Ring> b = signed_tensor({4}, width, 4);
  const auto turned = [](const Tensors& t) { return duet::transpose(t[0], {1, 0}); };
  const auto joined = [](const Tensors& t) {
    return duet::concat(0, duet::reshape(t[0], Shape{6}), t[1], t[1]);
  };
  const auto spread = [](const Tensors& t) { return duet::broadcast_to(t[0], Shape{5, 4}); };
  const Tensors y = servers.compute(
      arithmetic, {a, b}, [&](Backend& backend, const TensorCPs& share) -> TensorCPs {
        const TensorCP x = to_yao(backend, share[0], width);
        const TensorCP z = to_yao(backend, share[1], width);
        const TensorCP first = from_yao(backend, make_move_op(backend, {x}, turned));
        const TensorCP second = from_yao(backend, make_move_op(backend, {x, z}, joined));
        const TensorCP wide = make_move_op(backend, {z}, spread);
        const TensorCP third = from_yao(backend, make_circuit_op(backend, adder, {wide, wide})[0]);
        return {first, second, third};
      });
  CHECK(equal(y[0], turned({a})));
  CHECK(equal(y[1], joined({a, b})));
  const Tensor<Ring> wide = spread({b});
  CHECK(equal(y[2], wrapped(duet::add(wide, wide), width)));
}

// A circuit, then a sum on shares, then a second circuit that also takes a garbled value of the
// first one.
void circuits_in_a_row(TwoServers& servers, MPCProtocol arithmetic, const Circuits& circuits) {
  const std::size_t width = 40;
  const Circuit rectifier = load_circuit(circuits.write("relu.txt", relu_text(width)));
  const Circuit adder = load_circuit(circuits.write("adder.txt", adder_text(width)));
  const Circuit gate = load_circuit(circuits.write("gate.txt", gate_text(width)));
  const Tensor<Ring> x = signed_tensor({9}, 20, 5);
  const Tensors y =
      servers.compute(arithmetic, {x}, [&](Backend& backend, const TensorCPs& share) -> TensorCPs {
        const TensorCPs first =
            make_circuit_op(backend, rectifier, {to_yao(backend, share[0], width)});
        const TensorCP total = make_linear_op(
            backend, {from_yao(backend, first[0])}, Shape{},
            [](const Tensors& t) { return duet::shift_left(duet::sum(t[0], {0}), 2); });
        const TensorCP wide =
            make_move_op(backend, {to_yao(backend, total, width)},
                         [](const Tensors& t) { return duet::broadcast_to(t[0], Shape{9}); });
        const TensorCP sum = make_circuit_op(backend, adder, {wide, first[0]})[0];
        const TensorCP kept = from_yao(backend, make_circuit_op(backend, gate, {sum, first[1]})[0]);
        return {total, kept};
      });
  const Tensor<Ring> total = duet::shift_left(duet::sum(relu(x), {0}), 2);
  CHECK(equal(y[0], total));
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(y[1].data[i] == (is_negative(x.data[i]) ? total.data[0] : 0));
  }
}

// More AND gates than one message takes.
void tables_in_several_messages(TwoServers& servers, MPCProtocol arithmetic,
                                const Circuits& circuits) {
  const std::size_t width = 64;
  Draft many({width});
  for (std::size_t i = 0; i < 3000; ++i) many.both(i % width, (i + 1) % width);
  const std::size_t zero = many.exclusive_or(0, 0);
  for (std::size_t i = 0; i < width; ++i) many.exclusive_or(i, zero);
  const Circuit circuit = load_circuit(circuits.write("many.txt", many.text({width})));
  CHECK(circuit.and_gates == 3000);
  const Tensor<Ring> x = random_tensor({3000}, 6);  // 9 million gates
  const Tensors y =
      servers.compute(arithmetic, {x}, [&](Backend& backend, const TensorCPs& share) -> TensorCPs {
        const TensorCP same = from_yao(
            backend, make_circuit_op(backend, circuit, {to_yao(backend, share[0], width)})[0]);
        return {same};
      });
  CHECK(equal(y[0], x));
}

void what_does_not_fit_is_refused(TwoServers& servers, MPCProtocol arithmetic,
                                  const Circuits& circuits) {
  const Circuit adder = load_circuit(circuits.write("adder.txt", adder_text(8)));
  TwoServers::both([&](int party) {
    Backend backend(servers.connection(party), arithmetic, 1);
    const TensorCP input = backend.add_share_input(0, Shape{2});
    const TensorCP x = to_yao(backend, input, 8);
    const TensorCP other_shape = to_yao(backend, backend.add_share_input(1, Shape{3}), 8);
    const TensorCP other_width = to_yao(backend, input, 9);
    message_of<std::invalid_argument>([&] { make_circuit_op(backend, adder, {x, other_shape}); });
    message_of<std::invalid_argument>([&] { make_circuit_op(backend, adder, {x, other_width}); });
    message_of<std::invalid_argument>([&] { make_circuit_op(backend, adder, {x}); });
    message_of<std::invalid_argument>([&] { make_circuit_op(backend, adder, {x, input}); });
    message_of<std::invalid_argument>([&] { make_low_bits_op(backend, x, 9); });
    message_of<std::invalid_argument>([&] {
      make_move_op(backend, {x, other_width}, [](const Tensors& t) { return duet::concat(t, 0); });
    });
    servers.connection(party).layer().sync();  // both have built theirs, and may take it down
  });
}

}  // namespace

int main() {
  const Circuits circuits;
  TwoServers servers;
  for (const MPCProtocol arithmetic : kProtocols) {
    there_and_back(servers, arithmetic);
    circuits_on_every_element(servers, arithmetic, circuits);
    elements_move(servers, arithmetic, circuits);
    circuits_in_a_row(servers, arithmetic, circuits);
    what_does_not_fit_is_refused(servers, arithmetic, circuits);
  }
  tables_in_several_messages(servers, MPCProtocol::ArithmeticGMW, circuits);
}
