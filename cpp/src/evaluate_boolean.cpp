#include "duet/evaluate_boolean.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "calibration.h"
#include "circuit_inputs.h"
#include "duet/errors.h"
#include "duet/hash.h"
#include "planes.h"

namespace duet {
namespace {

// Triples of one step of the setup; 16 bytes each for the transfers' blocks.
constexpr std::size_t kStep = 1 << 18;
constexpr std::size_t kHashes = 1 << 10;  // hashed at a time: they stay in the cache

std::uint64_t low_bit(Block block) { return block.lo & 1; }

// Walks through the bits of planes, element by element.
class Cursor {
 public:
  explicit Cursor(std::size_t elements) : elements_(elements) {}

  void next() {
    if (++element_ == elements_) {
      element_ = 0;
      ++plane_;
    }
  }
  void add(BooleanTensor& to, std::uint64_t bit) const {
    to.plane(plane_)[element_ / 64] ^= bit << (element_ % 64);
  }

 private:
  std::size_t elements_;
  std::size_t element_ = 0;
  std::size_t plane_ = 0;
};

SecretVector<std::uint8_t> random_bits(Session& session, std::size_t count) {
  SecretVector<std::uint8_t> bits(count);
  Prg(session.random().seed()).fill(std::span(bits));
  for (std::uint8_t& bit : bits) bit &= 1;
  return bits;
}

void check_inputs(const Circuit& circuit, const BooleanInputs& inputs, const Shape& shape) {
  const bool fits =
      std::equal(inputs.begin(), inputs.end(), circuit.input_widths.begin(),
                 circuit.input_widths.end(), [&](const BooleanTensor& input, std::size_t width) {
                   return input.width == width && input.shape == shape;
                 });
  if (fits) return;
  throw std::invalid_argument(inputs_mismatch(
      "circuit on Boolean shares: set up for inputs of the shape " + shape_text(shape) + " and",
      circuit, inputs));
}

}  // namespace

KernelCosts EvaluateBoolean::costs(Sizes& sizes) {
  const std::vector<std::uint64_t> layers = sizes.layers();
  const auto gates = std::accumulate(layers.begin(), layers.end(), std::uint64_t{0});
  const std::uint64_t elements = sizes["elements"];
  return {setup_cost(gates, elements, sizes.ot_k()), online_cost(layers, elements),
          calibration::kTransfer * static_cast<double>(2 * gates * elements)};
}

void EvaluateBoolean::sort_gates() {
  layers_.assign(1, {});
  std::vector<std::size_t> depth(circuit_.wires);
  for (const Gate& gate : circuit_.gates) {
    std::size_t layer = gate.type == Gate::Type::kConstant ? 0 : depth[gate.a];
    const bool is_and = gate.type == Gate::Type::kAnd;
    if (is_and || gate.type == Gate::Type::kXor) layer = std::max(layer, depth[gate.b]);
    if (is_and) ++layer;
    depth[gate.out] = layer;
    if (layer == layers_.size()) layers_.emplace_back();
    (is_and ? layers_[layer].ands : layers_[layer].local).push_back(gate);
  }
}

void EvaluateBoolean::setup(Session& session, const Circuit& circuit, const Shape& shape) {
  once_.begin_setup();
  circuit_ = circuit;
  shape_ = shape;
  layer_ = 0;
  triple_ = 0;
  sort_gates();
  triples_ = {{shape, circuit.and_gates}, {shape, circuit.and_gates}, {shape, circuit.and_gates}};
  session.init_ot();
  const std::size_t elements = element_count(shape);
  const std::size_t count = circuit.and_gates * elements;
  // First the tweaks of what party 0 sends, then of what party 1 sends.
  const std::uint64_t tweaks = session.reserve_tweaks(2 * count);
  const std::uint64_t sending = session.party() == 0 ? tweaks : tweaks + count;
  const std::uint64_t receiving = session.party() == 0 ? tweaks + count : tweaks;
  const Block delta = session.ot_sender().delta();
  Tccr tccr(session.nonce());
  SecretVector<Block> zero_keys(kHashes);
  SecretVector<Block> one_keys(kHashes);
  SecretVector<Block> chosen_keys(kHashes);
  Cursor cursor(elements);
  for (std::size_t step = 0; step < count; step += kStep) {
    const std::size_t size = std::min(kStep, count - step);
    SecretVector<Block> sent(size);
    SecretVector<Block> received(size);
    const SecretVector<std::uint8_t> choices = random_bits(session, size);
    session.ot_receiver().extend(choices, received);
    session.ot_sender().extend(sent);
    for (std::size_t done = 0; done < size; done += kHashes) {
      const std::size_t part = std::min(kHashes, size - done);
      const std::span<Block> q = std::span(sent).subspan(done, part);
      const std::span<Block> t = std::span(received).subspan(done, part);
      tccr(q, sending + step + done, std::span(zero_keys).first(part));
      for (Block& block : q) block ^= delta;
      tccr(q, sending + step + done, std::span(one_keys).first(part));
      tccr(t, receiving + step + done, std::span(chosen_keys).first(part));
      for (std::size_t i = 0; i < part; ++i, cursor.next()) {
        const std::uint64_t a = low_bit(zero_keys[i] ^ one_keys[i]);
        const std::uint64_t b = choices[done + i];
        cursor.add(triples_.a, a);
        cursor.add(triples_.b, b);
        cursor.add(triples_.c, (a & b) ^ low_bit(zero_keys[i]) ^ low_bit(chosen_keys[i]));
      }
    }
  }
  once_.end_setup();
}

void EvaluateBoolean::run_local(const Layer& layer, int party) {
  for (const Gate& gate : layer.local) {
    const std::span<std::uint64_t> out = wires_.plane(gate.out);
    // Party 0 takes what both know as its share.
    const std::uint64_t ones = party == 0 ? ~std::uint64_t{0} : 0;
    if (gate.type == Gate::Type::kConstant) {
      std::ranges::fill(out, gate.a != 0 ? ones : 0);
      continue;
    }
    const std::span<const std::uint64_t> x = wires_.plane(gate.a);
    if (gate.type == Gate::Type::kXor) {
      const std::span<const std::uint64_t> y = wires_.plane(gate.b);
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = x[i] ^ y[i];
    } else {
      const std::uint64_t flip = gate.type == Gate::Type::kInv ? ones : 0;
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = x[i] ^ flip;
    }
  }
}

void EvaluateBoolean::begin(const Session& session, const BooleanInputs& inputs) {
  if (!layers_.empty()) check_inputs(circuit_, inputs, shape_);  // else there was no setup
  once_.take(0);
  wires_ = {shape_, circuit_.wires};
  auto next = wires_.planes.begin();
  for (const BooleanTensor& input : inputs) {
    next = std::copy(input.planes.begin(), input.planes.end(), next);
  }
  run_local(layers_[0], session.party());
}

// With d = x ⊕ a and e = y ⊕ b open, x·y = c ⊕ d·b ⊕ e·a ⊕ d·e.
void EvaluateBoolean::send(Session& session) {
  if (!layers_.empty() && layer_ == layers()) {
    throw SetupError("circuit on Boolean shares: all layers are evaluated, finish comes next");
  }
  once_.take(static_cast<int>(1 + 2 * layer_));
  const std::vector<Gate>& ands = layers_[++layer_].ands;
  masked_ = {wires_.shape, 2 * ands.size()};
  for (std::size_t g = 0; g < ands.size(); ++g) {
    const auto mask = [&](std::size_t to, std::uint32_t wire, const BooleanTensor& by) {
      const std::span<const std::uint64_t> x = wires_.plane(wire);
      const std::span<const std::uint64_t> a = by.plane(triple_ + g);
      const std::span<std::uint64_t> out = masked_.plane(to);
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = x[i] ^ a[i];
    };
    mask(2 * g, ands[g].a, triples_.a);
    mask(2 * g + 1, ands[g].b, triples_.b);
  }
  send_planes(session, masked_);
}

void EvaluateBoolean::receive(Session& session) {
  once_.take(static_cast<int>(2 * layer_));
  const BooleanTensor open = receive_planes(session, masked_);
  const std::uint64_t both = session.party() == 0 ? ~std::uint64_t{0} : 0;
  const std::vector<Gate>& ands = layers_[layer_].ands;
  for (std::size_t g = 0; g < ands.size(); ++g, ++triple_) {
    const std::span<const std::uint64_t> d = open.plane(2 * g);
    const std::span<const std::uint64_t> e = open.plane(2 * g + 1);
    const std::span<const std::uint64_t> a = triples_.a.plane(triple_);
    const std::span<const std::uint64_t> b = triples_.b.plane(triple_);
    const std::span<const std::uint64_t> c = triples_.c.plane(triple_);
    const std::span<std::uint64_t> out = wires_.plane(ands[g].out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = c[i] ^ (d[i] & b[i]) ^ (e[i] & a[i]) ^ (d[i] & e[i] & both);
    }
  }
  run_local(layers_[layer_], session.party());
}

std::vector<BooleanTensor> EvaluateBoolean::finish() {
  once_.take(static_cast<int>(1 + 2 * layers()));
  std::vector<BooleanTensor> outputs;
  std::size_t next = 0;
  for (const std::size_t width : circuit_.output_widths) {
    BooleanTensor& output = outputs.emplace_back(wires_.shape, width);
    for (std::size_t i = 0; i < width; ++i, ++next) {
      std::ranges::copy(wires_.plane(circuit_.outputs[next]), output.plane(i).begin());
    }
  }
  triples_ = {};
  wires_ = {};
  masked_ = {};
  return outputs;
}

Cost EvaluateBoolean::setup_cost(std::uint64_t and_gates, std::uint64_t elements, int ot_k) {
  const std::uint64_t count = and_gates * elements;
  Cost cost;
  for (std::uint64_t step = 0; step < count; step += kStep) {
    const std::uint64_t size = std::min<std::uint64_t>(kStep, count - step);
    cost = cost + parallel(cot_extend_cost(size, ot_k, 0), cot_extend_cost(size, ot_k, 1));
  }
  return cost;
}

Cost EvaluateBoolean::online_cost(std::span<const std::uint64_t> layers, std::uint64_t elements) {
  Cost cost;
  for (const std::uint64_t ands : layers) cost = cost + planes_cost(2 * ands, elements);
  return cost;
}

}  // namespace duet
