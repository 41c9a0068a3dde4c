#include "duet/evaluate_boolean.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "calibration.h"
#include "circuit_inputs.h"
#include "duet/errors.h"
#include "duet/hash.h"
#include "planes.h"

namespace duet {
namespace {

// Transfers of one step of the setup in each direction; 16 bytes each for the blocks.
constexpr std::size_t kStep = 1 << 18;
constexpr std::size_t kHashes = 1 << 10;  // hashed at a time: they stay in the cache
constexpr std::size_t kKeyBits = 64;      // of a key that are used, each by another gate

// Writes bit `bit` of every word to a plane, from an element on.
void store_bit(std::span<std::uint64_t> plane, std::size_t element,
               std::span<const std::uint64_t> words, std::size_t bit) {
  for (const std::uint64_t word : words) {
    plane[element / 64] |= ((word >> bit) & 1) << (element % 64);
    ++element;
  }
}

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
  const std::vector<std::uint64_t> openings = sizes.openings();
  const std::uint64_t factors = sizes["factors"];
  const std::uint64_t elements = sizes["elements"];
  return {setup_cost(factors, elements, sizes.ot_k()), online_cost(openings, elements),
          calibration::kTransfer * static_cast<double>(2 * factors * elements)};
}

// Numbers the factors in the order of the circuit, and then the triples in the order of factors. A
// wire with more gates than a key has bits is several factors.
std::vector<EvaluateBoolean::And> EvaluateBoolean::find_factors() {
  constexpr std::size_t kNone = ~std::size_t{0};
  factors_.clear();
  std::vector<And> ands;
  std::vector<std::size_t> factor_of(circuit_.wires, kNone);
  for (const Gate& gate : circuit_.gates) {
    if (gate.type != Gate::Type::kAnd) continue;
    std::size_t& factor = factor_of[gate.a];
    if (factor == kNone || factors_[factor].gates == kKeyBits) {
      factor = factors_.size();
      factors_.push_back({gate.a});
    }
    ands.push_back({gate, factor, factors_[factor].gates++});
  }
  std::size_t triples = 0;
  for (Factor& factor : factors_) {
    factor.first_triple = triples;
    triples += factor.gates;
  }
  for (And& each : ands) each.triple += factors_[each.factor].first_triple;
  return ands;
}

void EvaluateBoolean::sort_gates() {
  layers_.assign(1, {});
  std::vector<std::size_t> depth(circuit_.wires);
  const std::vector<And> ands = find_factors();
  auto next_and = ands.begin();
  std::vector<std::size_t> first_layer(factors_.size(), ands.size());
  for (const Gate& gate : circuit_.gates) {
    std::size_t layer = gate.type == Gate::Type::kConstant ? 0 : depth[gate.a];
    const bool is_and = gate.type == Gate::Type::kAnd;
    if (is_and || gate.type == Gate::Type::kXor) layer = std::max(layer, depth[gate.b]);
    if (is_and) ++layer;
    depth[gate.out] = layer;
    if (layer == layers_.size()) layers_.emplace_back();
    if (is_and) {
      std::size_t& first = first_layer[next_and->factor];
      first = std::min(first, layer);
      layers_[layer].ands.push_back(*next_and++);
    } else {
      layers_[layer].local.push_back(gate);
    }
  }
  for (std::size_t factor = 0; factor < factors_.size(); ++factor) {
    layers_[first_layer[factor]].factors.push_back(factor);
  }
}

// Of the transfers from `transfer` on, which go through the elements of one factor after the other:
// the shares of a, and of b and c = a·b a bit for every gate.
void EvaluateBoolean::store_triples(std::size_t transfer, std::span<const std::uint8_t> a,
                                    std::span<const std::uint64_t> b,
                                    std::span<const std::uint64_t> c) {
  const std::size_t elements = element_count(shape_);
  SecretVector<std::uint64_t> bits(a.begin(), a.end());
  for (std::size_t done = 0; done < a.size();) {
    const std::size_t number = (transfer + done) / elements;
    const std::size_t element = (transfer + done) % elements;
    const std::size_t count = std::min(a.size() - done, elements - element);
    const Factor& factor = factors_[number];
    store_bit(triples_.a.plane(number), element, std::span(bits).subspan(done, count), 0);
    for (std::size_t gate = 0; gate < factor.gates; ++gate) {
      const std::size_t triple = factor.first_triple + gate;
      store_bit(triples_.b.plane(triple), element, b.subspan(done, count), gate);
      store_bit(triples_.c.plane(triple), element, c.subspan(done, count), gate);
    }
    done += count;
  }
}

void EvaluateBoolean::setup(Session& session, const Circuit& circuit, const Shape& shape) {
  once_.begin_setup();
  circuit_ = circuit;
  shape_ = shape;
  layer_ = 0;
  sort_gates();
  triples_ = {{shape, factors_.size()}, {shape, circuit.and_gates}, {shape, circuit.and_gates}};
  session.init_ot();
  const std::size_t elements = element_count(shape);
  const std::size_t count = factors_.size() * elements;
  // First the tweaks of what party 0 sends, then of what party 1 sends.
  const std::uint64_t tweaks = session.reserve_tweaks(2 * count);
  const std::uint64_t sending = session.party() == 0 ? tweaks : tweaks + count;
  const std::uint64_t receiving = session.party() == 0 ? tweaks + count : tweaks;
  const Block delta = session.ot_sender().delta();
  Tccr tccr(session.nonce());
  SecretVector<Block> zero_keys(kHashes);
  SecretVector<Block> one_keys(kHashes);
  SecretVector<Block> chosen_keys(kHashes);
  SecretVector<std::uint64_t> b(kHashes);
  SecretVector<std::uint64_t> c(kHashes);
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
      const auto chosen = std::span(choices).subspan(done, part);
      for (std::size_t i = 0; i < part; ++i) {
        b[i] = zero_keys[i].lo ^ one_keys[i].lo;
        c[i] = ((0 - std::uint64_t{chosen[i]}) & b[i]) ^ zero_keys[i].lo ^ chosen_keys[i].lo;
      }
      store_triples(step + done, chosen, std::span(b).first(part), std::span(c).first(part));
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
  opened_ = {shape_, factors_.size()};
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
  const Layer& layer = layers_[++layer_];
  masked_ = {wires_.shape, layer.factors.size() + layer.ands.size()};
  std::size_t next = 0;
  const auto mask = [&](std::uint32_t wire, std::span<const std::uint64_t> by) {
    const std::span<const std::uint64_t> x = wires_.plane(wire);
    const std::span<std::uint64_t> out = masked_.plane(next++);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = x[i] ^ by[i];
  };
  for (const std::size_t factor : layer.factors) {
    mask(factors_[factor].wire, triples_.a.plane(factor));
  }
  for (const And& each : layer.ands) mask(each.gate.b, triples_.b.plane(each.triple));
  send_planes(session, masked_);
}

void EvaluateBoolean::receive(Session& session) {
  once_.take(static_cast<int>(2 * layer_));
  const BooleanTensor open = receive_planes(session, masked_);
  const std::uint64_t both = session.party() == 0 ? ~std::uint64_t{0} : 0;
  const Layer& layer = layers_[layer_];
  std::size_t next = 0;
  for (const std::size_t factor : layer.factors) {
    std::ranges::copy(open.plane(next++), opened_.plane(factor).begin());
  }
  for (const And& each : layer.ands) {
    const std::span<const std::uint64_t> d = std::as_const(opened_).plane(each.factor);
    const std::span<const std::uint64_t> e = open.plane(next++);
    const std::span<const std::uint64_t> a = std::as_const(triples_.a).plane(each.factor);
    const std::span<const std::uint64_t> b = std::as_const(triples_.b).plane(each.triple);
    const std::span<const std::uint64_t> c = std::as_const(triples_.c).plane(each.triple);
    const std::span<std::uint64_t> out = wires_.plane(each.gate.out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = c[i] ^ (d[i] & b[i]) ^ (e[i] & a[i]) ^ (d[i] & e[i] & both);
    }
  }
  run_local(layer, session.party());
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
  opened_ = {};
  return outputs;
}

Cost EvaluateBoolean::setup_cost(std::uint64_t factors, std::uint64_t elements, int ot_k) {
  const std::uint64_t count = factors * elements;
  Cost cost;
  for (std::uint64_t step = 0; step < count; step += kStep) {
    const std::uint64_t size = std::min<std::uint64_t>(kStep, count - step);
    cost = cost + parallel(cot_extend_cost(size, ot_k, 0), cot_extend_cost(size, ot_k, 1));
  }
  return cost;
}

Cost EvaluateBoolean::online_cost(std::span<const std::uint64_t> openings, std::uint64_t elements) {
  Cost cost;
  for (const std::uint64_t opened : openings) cost = cost + planes_cost(opened, elements);
  return cost;
}

}  // namespace duet
