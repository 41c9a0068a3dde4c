#include <algorithm>
#include <map>

#include "duet/errors.h"
#include "duet/evaluate_boolean.h"
#include "duet/from_boolean.h"
#include "duet/public_to_yao.h"
#include "plain_circuit.h"
#include "protocol.h"
#include "random_circuit.h"

namespace {

using namespace duet;

using BooleanShares = std::array<BooleanTensor, 2>;

BooleanShares share_bits(const Tensor<Ring>& values, std::size_t width, std::uint64_t seed) {
  BooleanShares shares{BooleanTensor(values.shape, width), BooleanTensor(values.shape, width)};
  Prg({seed, 0xb175}).fill(std::span<std::uint64_t>(shares[0].planes));
  shares[1] = shares[0];
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t e = 0; e < values.size(); ++e) {
      shares[1].plane(i)[e / 64] ^= ((values.data[e] >> i) & 1) << (e % 64);
    }
  }
  return shares;
}

Tensor<Ring> opened(const BooleanTensor& first, const BooleanTensor& second) {
  CHECK(first.shape == second.shape && first.width == second.width);
  Tensor<Ring> words(first.shape);
  for (std::size_t i = 0; i < first.width; ++i) {
    for (std::size_t e = 0; e < words.size(); ++e) {
      words.data[e] |= Ring{first.bit(i, e) != second.bit(i, e)} << i;
    }
  }
  return words;
}

// What the layers of a circuit open for an element, and how many factors it has in all.
struct Openings {
  explicit Openings(const Circuit& circuit) {
    std::vector<std::size_t> depth(circuit.wires);
    std::map<std::pair<std::uint32_t, std::size_t>, std::size_t> first_layers;
    std::map<std::uint32_t, std::size_t> gates;
    for (const Gate& gate : circuit.gates) {
      if (gate.type == Gate::Type::kConstant) continue;
      const bool is_and = gate.type == Gate::Type::kAnd;
      const bool two = is_and || gate.type == Gate::Type::kXor;
      depth[gate.out] = two ? std::max(depth[gate.a], depth[gate.b]) : depth[gate.a];
      if (!is_and) continue;
      const std::size_t layer = depth[gate.out]++;
      if (layer == by_layer.size()) by_layer.push_back(0);
      ++by_layer[layer];
      const auto [first, is_new] =
          first_layers.try_emplace({gate.a, gates[gate.a]++ / 64}, layer);  // 64 bits of a key
      first->second = std::min(first->second, layer);
    }
    for (const auto& [factor, layer] : first_layers) ++by_layer[layer];
    factors = first_layers.size();
  }

  std::vector<std::uint64_t> by_layer;
  std::uint64_t factors;
};

// Evaluates on shares of both inputs' bits; returns the outputs' bits, opened.
std::vector<BooleanTensor> evaluate_bits(Sessions& both, const Circuit& circuit,
                                         const std::array<std::vector<BooleanTensor>, 2>& inputs,
                                         int ot_k = kDefaultOtK) {
  const Shape& shape = inputs[0][0].shape;
  const std::uint64_t count = element_count(shape);
  const Openings openings(circuit);
  const std::vector<std::uint64_t>& layers = openings.by_layer;
  std::array<EvaluateBoolean, 2> evaluations;
  std::array<std::vector<BooleanTensor>, 2> outputs;
  both.run(EvaluateBoolean::setup_cost(openings.factors, count, ot_k),
           [&](Session& s, std::size_t p) { evaluations[p].setup(s, circuit, shape); });
  both.run(EvaluateBoolean::online_cost(layers, count), [&](Session& s, std::size_t p) {
    CHECK(evaluations[p].layers() == layers.size());
    evaluations[p].begin(s, {inputs[p].begin(), inputs[p].end()});
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      evaluations[p].send(s);
      evaluations[p].receive(s);
    }
    outputs[p] = evaluations[p].finish();
  });
  for (std::size_t i = 0; i < outputs[0].size(); ++i) {
    CHECK(outputs[0][i].shape == outputs[1][i].shape);
    for (std::size_t word = 0; word < outputs[0][i].planes.size(); ++word) {
      outputs[0][i].planes[word] ^= outputs[1][i].planes[word];
    }
  }
  return std::move(outputs[0]);
}

// The same as words.
std::vector<Tensor<Ring>> evaluate(Sessions& both, const Circuit& circuit,
                                   const std::array<std::vector<BooleanTensor>, 2>& inputs,
                                   int ot_k = kDefaultOtK) {
  std::vector<Tensor<Ring>> results;
  for (const BooleanTensor& bits : evaluate_bits(both, circuit, inputs, ot_k)) {
    results.push_back(opened(bits, BooleanTensor(bits.shape, bits.width)));
  }
  return results;
}

void check(Sessions& both, const Circuit& circuit, const Shape& shape, int ot_k = kDefaultOtK) {
  const Tensor<Ring> x = random_values(shape, 1);
  const Tensor<Ring> y = random_values(shape, 2);
  const BooleanShares x_shares = share_bits(x, 7, 1);
  const BooleanShares y_shares = share_bits(y, 4, 2);
  const std::vector<Tensor<Ring>> results =
      evaluate(both, circuit, {{{x_shares[0], y_shares[0]}, {x_shares[1], y_shares[1]}}}, ot_k);
  for (std::size_t e = 0; e < x.size(); ++e) {
    const std::vector<Ring> expected = evaluate_plain(circuit, {x.data[e], y.data[e]});
    CHECK(results[0].data[e] == expected[0] && results[1].data[e] == expected[1]);
  }
}

void random_circuits() {
  Sessions both;
  for (std::uint64_t seed = 0; seed < 20; ++seed) check(both, random_circuit(200, seed), {16});
  for (const Shape& shape :
       {Shape{}, Shape{1}, Shape{63}, Shape{64}, Shape{65}, Shape{3, 50}, Shape{0}}) {
    check(both, random_circuit(100, 7), shape);
  }
  check(both, random_circuit(700, 8), {3000});  // more triples than one step has
  Circuit free = random_circuit(30, 3);
  for (Gate& gate : free.gates) {
    gate.type = gate.type == Gate::Type::kAnd ? Gate::Type::kXor : gate.type;
  }
  free.and_gates = 0;
  check(both, free, {5});
  Sessions quieter({8});
  check(quieter, random_circuit(100, 1), {70}, 8);
}

// A selection between words: one factor for all its gates, however many layers they are in.
Circuit selection(std::size_t width) {
  Circuit circuit;
  circuit.input_widths = {1, width};
  circuit.output_widths = {width};
  circuit.wires = 1 + width;
  std::uint32_t before = 0;
  for (std::uint32_t i = 0; i < width; ++i) {
    const auto out = static_cast<std::uint32_t>(circuit.wires);
    circuit.gates.push_back({Gate::Type::kXor, 1 + i, before, out});
    circuit.gates.push_back({Gate::Type::kAnd, 0, out, out + 1});
    circuit.outputs.push_back(before = out + 1);
    circuit.wires += 2;
    ++circuit.and_gates;
  }
  return circuit;
}

void gates_with_a_common_operand_share_transfers() {
  Sessions both;
  for (const std::size_t width : {2, 63, 64, 65, 130}) {
    const Circuit circuit = selection(width);
    CHECK(Openings(circuit).factors == (width + 63) / 64);
    Prg prg({width, 0});
    std::array<std::vector<BooleanTensor>, 2> inputs;
    const Shape shape{100};
    for (std::vector<BooleanTensor>& shares : inputs) {
      shares = {BooleanTensor(shape, 1), BooleanTensor(shape, width)};
      for (BooleanTensor& share : shares) prg.fill(std::span<std::uint64_t>(share.planes));
    }
    const BooleanTensor result = evaluate_bits(both, circuit, inputs)[0];
    for (std::size_t e = 0; e < 100; ++e) {
      const auto bit = [&](std::size_t input, std::size_t i) {
        return inputs[0][input].bit(i, e) != inputs[1][input].bit(i, e);
      };
      bool before = bit(0, 0);
      for (std::size_t i = 0; i < width; ++i) {
        before = bit(0, 0) && bit(1, i) != before;
        CHECK(result.bit(i, e) == before);
      }
    }
  }
}

// Both gates take the same wires, so only masks of their own keep apart what is opened of them.
void gates_with_a_common_operand_have_masks_of_their_own() {
  Sessions both;
  Circuit circuit;
  circuit.input_widths = {1, 1};
  circuit.output_widths = {2};
  circuit.wires = 4;
  circuit.gates = {{Gate::Type::kAnd, 0, 1, 2}, {Gate::Type::kAnd, 0, 1, 3}};
  circuit.outputs = {2, 3};
  circuit.and_gates = 2;
  const BooleanTensor zeros({64}, 1);
  std::array<std::uint64_t, 3> seen{};  // of the factor, and of both gates
  std::array<EvaluateBoolean, 2> evaluations;
  both.run([&](Session& s, std::size_t p) { evaluations[p].setup(s, circuit, {64}); });
  both.run([&](Session& s, std::size_t p) {
    if (p == 1) return s.channel().receive(std::span<std::uint64_t>(seen));
    evaluations[0].begin(s, {zeros, zeros});
    evaluations[0].send(s);
  });
  CHECK(seen[0] != seen[1] && seen[0] != seen[2] && seen[1] != seen[2]);
}

void summands_are_both_shares() {
  Sessions both;
  const Shares shares{random_values({200}, 5), random_values({200}, 6)};
  std::array<std::vector<BooleanTensor>, 2> inputs;
  both.run([&](Session& s, std::size_t p) { inputs[p].push_back(summands(s, shares[p], 64)); });
  Circuit difference = subtractor(64, 64);
  difference.input_widths = {128};
  const Tensor<Ring> result = evaluate(both, difference, inputs)[0];
  CHECK(equal(result, sub(shares[0], shares[1])));
}

void public_values_have_bits() {
  Sessions both;
  const Tensor<Ring> x = random_values({3, 45}, 7);
  std::array<BooleanTensor, 2> bits;
  both.run([&](Session& s, std::size_t p) { bits[p] = public_bits(s, x, 20); });
  const Tensor<Ring> back = opened(bits[0], bits[1]);
  for (std::size_t e = 0; e < x.size(); ++e) CHECK(back.data[e] == x.data[e] % (1 << 20));
}

void garbled_values_are_shared_by_their_colours() {
  Sessions both;
  const Tensor<Ring> x = random_values({70}, 11);
  std::array<BooleanTensor, 2> bits;
  both.run([&](Session& s, std::size_t p) {
    PublicToYao to;
    to.setup(s, {70}, 9);
    to.send(s, x);
    bits[p] = colour_shares(to.receive(s));
  });
  const Tensor<Ring> back = opened(bits[0], bits[1]);
  for (std::size_t e = 0; e < x.size(); ++e) CHECK(back.data[e] == x.data[e] % (1 << 9));
}

void to_arithmetic_shares(Sessions& both, const Shape& shape, std::size_t width,
                          int ot_k = kDefaultOtK) {
  const Tensor<Ring> x = random_values(shape, width);
  const BooleanShares shares = share_bits(x, width, 3);
  std::array<FromBoolean, 2> from;
  std::array<Tensor<Ring>, 2> results;
  both.run(FromBoolean::setup_cost(x.size(), width, ot_k),
           [&](Session& s, std::size_t p) { from[p].setup(s, shape, width); });
  both.run(FromBoolean::online_cost(x.size(), width), [&](Session& s, std::size_t p) {
    from[p].send(s, shares[p]);
    results[p] = from[p].receive(s);
  });
  const Tensor<Ring> sum = add(results[0], results[1]);
  CHECK(sum.shape == shape);
  for (std::size_t e = 0; e < x.size(); ++e) {
    const Ring high = x.data[e] << (64 - width);  // the shift back extends the sign
    CHECK(sum.data[e] == static_cast<Ring>(static_cast<std::int64_t>(high) >> (64 - width)));
  }
}

void all_widths_to_arithmetic_shares() {
  Sessions both;
  for (std::size_t width = 1; width <= 64; ++width) to_arithmetic_shares(both, {70}, width);
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{3, 21}, Shape{0}}) {
    to_arithmetic_shares(both, shape, 33);
  }
  to_arithmetic_shares(both, {5000}, 64);  // more transfers than one step has
  Sessions quieter({8});
  to_arithmetic_shares(quieter, {9}, 64, 8);
}

void boolean_values_can_be_moved() {
  const Tensor<Ring> x = random_values({70, 1}, 9);
  const BooleanShares shares = share_bits(x, 5, 4);
  std::array<BooleanTensor, 2> moved;
  for (const std::size_t p : {0, 1}) {
    moved[p] = concat(1, broadcast_to(shares[p], {70, 2}), reshape(shares[p], {70, 1}));
    moved[p] = slice(moved[p], {69, 0}, {70, 3}, {-1, 1});
  }
  const Tensor<Ring> result = opened(moved[0], moved[1]);
  CHECK((result.shape == Shape{70, 3}));
  for (std::size_t e = 0; e < 210; ++e) CHECK(result.data[e] == x.data[69 - e / 3] % 32);
  message_of<std::invalid_argument>([&] { append(moved[0], BooleanTensor({2}, 4)); });
}

void refuses_wrong_inputs_and_second_use() {
  Sessions both;
  both.run([](Session& s, std::size_t) {
    const Circuit circuit = subtractor(8, 8);
    EvaluateBoolean evaluation;
    const BooleanTensor x({2}, 8);
    const BooleanTensor narrow({2}, 7);
    message_of<SetupError>([&] { evaluation.begin(s, {x, x}); });
    evaluation.setup(s, circuit, {2});
    CHECK(message_of<std::invalid_argument>([&] {
            evaluation.begin(s, {x, narrow});
          }) ==
          "circuit on Boolean shares: set up for inputs of the shape [2] and the widths 8 8, "
          "got 8[2] 7[2]");
    message_of<SetupError>([&] { evaluation.send(s); });
    for (int round = 0; round < 2; ++round) {  // every setup makes it usable again
      evaluation.setup(s, circuit, {2});
      evaluation.begin(s, {x, x});
      message_of<SetupError>([&] { evaluation.finish(); });
      for (std::size_t layer = 0; layer < evaluation.layers(); ++layer) {
        evaluation.send(s);
        message_of<SetupError>([&] { evaluation.send(s); });
        evaluation.receive(s);
      }
      message_of<SetupError>([&] { evaluation.send(s); });
      evaluation.finish();
      message_of<SetupError>([&] { evaluation.begin(s, {x, x}); });
    }
    FromBoolean from;
    CHECK(message_of<std::invalid_argument>([&] { from.setup(s, {}, 65); }) ==
          "from_boolean: a width of 65 is not within 1 to 64");
    message_of<SetupError>([&] { from.send(s, x); });
    from.setup(s, {2}, 8);
    message_of<SetupError>([&] { from.receive(s); });
    from.send(s, x);
    from.receive(s);
    message_of<SetupError>([&] { from.send(s, x); });
    CHECK(message_of<std::invalid_argument>([&] { summands(s, Tensor<Ring>(), 0); }) ==
          "summands: a width of 0 is not within 1 to 64");
  });
}

void traces_are_pinned() {
  Sessions both;
  check(both, random_circuit(100, 1), {20});
  to_arithmetic_shares(both, {20}, 64);
  both.check_traces("evaluate_boolean_and_from_boolean");
}

}  // namespace

int main() {
  random_circuits();
  gates_with_a_common_operand_share_transfers();
  gates_with_a_common_operand_have_masks_of_their_own();
  summands_are_both_shares();
  public_values_have_bits();
  garbled_values_are_shared_by_their_colours();
  all_widths_to_arithmetic_shares();
  boolean_values_can_be_moved();
  refuses_wrong_inputs_and_second_use();
  traces_are_pinned();
}
