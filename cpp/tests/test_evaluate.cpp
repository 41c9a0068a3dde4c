#include <algorithm>

#include "duet/errors.h"
#include "duet/evaluate.h"
#include "duet/open_yao.h"
#include "duet/public_to_yao.h"
#include "plain_circuit.h"
#include "protocol.h"
#include "random_circuit.h"

namespace {

using namespace duet;
// Garbles, evaluates and opens at both parties.
void check(Sessions& both, const Circuit& circuit, const Shape& shape) {
  const Tensor<Ring> x = random_values(shape, 1);
  const Tensor<Ring> y = random_values(shape, 2);
  struct Party {
    PublicToYao x, y;
    Evaluate evaluate;
    std::array<OpenYao, 2> open;
    std::array<Tensor<Ring>, 2> result;
  };
  std::array<Party, 2> parties;
  const std::uint64_t count = x.size();

  both.run([&](Session& s, std::size_t p) {
    parties[p].x.setup(s, shape, 7);
    parties[p].y.setup(s, shape, 4);
  });
  // Without any message, as for no elements, nobody waits for one.
  Cost tables = Evaluate::setup_cost(circuit.and_gates, count);
  both.run(tables, [&](Session& s, std::size_t p) {
    parties[p].evaluate.setup(s, circuit, {parties[p].x.labels(), parties[p].y.labels()});
  });
  both.run(parallel(OpenYao::setup_cost(count, 9), OpenYao::setup_cost(count, 3)),
           [&](Session& s, std::size_t p) {
             parties[p].open[0].setup(s, parties[p].evaluate.labels(0));
             parties[p].open[1].setup(s, parties[p].evaluate.labels(1));
           });
  const Cost labels =
      parallel(PublicToYao::online_cost(count, 7), PublicToYao::online_cost(count, 4));
  std::array<std::vector<GarbledTensor>, 2> outputs;
  both.run(labels, [&](Session& s, std::size_t p) {
    Party& party = parties[p];
    party.x.send(s, x);
    party.y.send(s, y);
    const GarbledTensor garbled_x = party.x.receive(s);
    const GarbledTensor garbled_y = party.y.receive(s);
    outputs[p] = party.evaluate.online(s, {garbled_x, garbled_y});
  });
  both.run(parallel(OpenYao::online_cost(count, 9), OpenYao::online_cost(count, 3)),
           [&](Session& s, std::size_t p) {
             for (const std::size_t i : {0, 1}) parties[p].open[i].send(s, outputs[p][i]);
             for (const std::size_t i : {0, 1}) {
               parties[p].result[i] = parties[p].open[i].receive(s);
             }
           });
  for (std::size_t e = 0; e < count; ++e) {
    const std::vector<Ring> expected = evaluate_plain(circuit, {x.data[e], y.data[e]});
    for (const Party& party : parties) {
      CHECK(party.result[0].data[e] == expected[0] && party.result[1].data[e] == expected[1]);
    }
  }
}

void random_circuits() {
  Sessions both;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    check(both, random_circuit(200, seed), {16});
  }
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{15}, Shape{17}, Shape{3, 50}, Shape{0}}) {
    check(both, random_circuit(100, 7), shape);
  }
  Circuit free = random_circuit(30, 3);
  for (Gate& gate : free.gates)
    gate.type = gate.type == Gate::Type::kAnd ? Gate::Type::kXor : gate.type;
  free.and_gates = 0;
  check(both, free, {5});
}

void garbled_values_can_be_moved() {
  const GarbledTensor a{{2, 1}, 2, {{1, 0}, {2, 0}, {3, 0}, {4, 0}}};
  const GarbledTensor moved = concat(1, broadcast_to(a, {2, 2}), a);
  CHECK((moved.shape == Shape{2, 3}) && moved.width == 2);
  CHECK((moved.labels[4] == Block{1, 0}) && (moved.labels[11] == Block{4, 0}));
  const GarbledTensor shape_only = transpose(GarbledTensor{{2, 1}, 2, {}}, {1, 0});
  CHECK((shape_only.shape == Shape{1, 2}) && shape_only.labels.empty());
  message_of<std::invalid_argument>([&] { concat(1, a, GarbledTensor{{2, 1}, 3, {}}); });
}

void refuses_wrong_inputs_and_second_use() {
  Sessions both;
  both.run([](Session& s, std::size_t) {
    const Circuit circuit = random_circuit(50, 1);
    PublicToYao x, y;
    x.setup(s, {2}, 7);
    y.setup(s, {2}, 4);
    Evaluate evaluate;
    CHECK(message_of<std::invalid_argument>([&] {
            evaluate.setup(s, circuit, {y.labels(), x.labels()});
          }) == "circuit: takes inputs of one shape and the widths 7 4, got 4[2] 7[2]");
    message_of<SetupError>([&] { evaluate.online(s, {x.labels(), y.labels()}); });
    evaluate.setup(s, circuit, {x.labels(), y.labels()});
    x.send(s, Tensor<Ring>({2}));
    y.send(s, Tensor<Ring>({2}));
    const GarbledTensor garbled_x = x.receive(s);
    const GarbledTensor garbled_y = y.receive(s);
    evaluate.online(s, {garbled_x, garbled_y});
    message_of<SetupError>([&] { evaluate.online(s, {garbled_x, garbled_y}); });
    message_of<SetupError>([&] { x.send(s, Tensor<Ring>({2})); });
  });
}

// The same circuit, labels and Δ: what the garbler has sent, tables among it, under a session's
// nonce.
Digest sent_under(Block nonce) {
  auto channels = Channel::local_pair();
  Session first(std::move(channels.first), 0, Randomness::for_tests({1, 0}), nonce);
  Session second(std::move(channels.second), 1, Randomness::for_tests({2, 0}), nonce);
  const auto setup = [](Session& s) {
    PublicToYao x;
    PublicToYao y;
    Evaluate evaluate;
    x.setup(s, {2}, 7);
    y.setup(s, {2}, 4);
    evaluate.setup(s, random_circuit(100, 1), {x.labels(), y.labels()});
  };
  run_both([&] { setup(first); }, [&] { setup(second); });
  return first.channel().sent_digest();
}

void tables_differ_with_the_sessions_nonce() {
  CHECK(sent_under({1, 2}) == sent_under({1, 2}));
  CHECK(sent_under({1, 2}) != sent_under({2, 2}));
}

void traces_are_pinned() {
  Sessions both;
  check(both, random_circuit(100, 1), {20});
  both.check_traces("evaluate");
}

}  // namespace

int main() {
  random_circuits();
  garbled_values_can_be_moved();
  refuses_wrong_inputs_and_second_use();
  tables_differ_with_the_sessions_nonce();
  traces_are_pinned();
}
