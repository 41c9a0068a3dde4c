#include "half_gates.h"

#include <algorithm>
#include <array>

namespace duet {

// Everything but AND is free. `delta` turns a zero label into a one label at the garbler; the
// evaluator's label of a negated wire or of a constant does not depend on the value: it passes 0.
template <class AndGate>
void Wires::run(std::size_t lanes, Block delta, AndGate and_gate) {
  std::size_t and_index = 0;
  for (const Gate& gate : circuit_.gates) {
    const auto out = (*this)[gate.out];
    if (gate.type == Gate::Type::kConstant) {
      // Both agree that the active label is zero; so the zero label is the constant times Δ.
      std::fill(out.begin(), out.end(), block_if(gate.a, delta));
      continue;
    }
    const auto a = (*this)[gate.a];
    if (gate.type == Gate::Type::kAnd) {
      and_gate(and_index++, a, (*this)[gate.b], out);
    } else if (gate.type == Gate::Type::kXor) {
      const auto b = (*this)[gate.b];
      for (std::size_t l = 0; l < lanes; ++l) out[l] = a[l] ^ b[l];
    } else {
      const Block flip = gate.type == Gate::Type::kInv ? delta : Block{};
      for (std::size_t l = 0; l < lanes; ++l) out[l] = a[l] ^ flip;
    }
  }
}

void Wires::garble(Block delta, std::uint64_t tweak, std::size_t lanes, std::span<Block> table) {
  using Lanes = std::span<Block, kLanes>;
  Secret<std::array<Block, 4 * kLanes>> hashes;
  run(lanes, delta, [&](std::size_t gate, Lanes a, Lanes b, Lanes out) {
    auto& h = hashes.expose();
    for (std::size_t l = 0; l < lanes; ++l) {
      h[4 * l] = a[l];
      h[4 * l + 1] = a[l] ^ delta;
      h[4 * l + 2] = b[l];
      h[4 * l + 3] = b[l] ^ delta;
    }
    const auto used = std::span(h).first(4 * lanes);
    tccr_(used, tweak + 2 * gate * lanes, used, 2);
    for (std::size_t l = 0; l < lanes; ++l) {
      const std::uint64_t colour_a = a[l].lo & 1;
      const std::uint64_t colour_b = b[l].lo & 1;
      // The garbler's half: a ∧ (colour of b's zero label); the evaluator's: a ∧ (b ⊕ that colour).
      const Block garbler = h[4 * l] ^ h[4 * l + 1] ^ block_if(colour_b, delta);
      const Block evaluator = h[4 * l + 2] ^ h[4 * l + 3] ^ a[l];
      table[2 * (gate * lanes + l)] = garbler;
      table[2 * (gate * lanes + l) + 1] = evaluator;
      out[l] = h[4 * l] ^ block_if(colour_a, garbler) ^ h[4 * l + 2] ^
               block_if(colour_b, evaluator ^ a[l]);
    }
  });
}

void Wires::evaluate(std::uint64_t tweak, std::size_t lanes, std::span<const Block> table) {
  using Lanes = std::span<Block, kLanes>;
  Secret<std::array<Block, 2 * kLanes>> hashes;
  run(lanes, Block{}, [&](std::size_t gate, Lanes a, Lanes b, Lanes out) {
    auto& h = hashes.expose();
    for (std::size_t l = 0; l < lanes; ++l) {
      h[2 * l] = a[l];
      h[2 * l + 1] = b[l];
    }
    const auto used = std::span(h).first(2 * lanes);
    tccr_(used, tweak + 2 * gate * lanes, used);
    for (std::size_t l = 0; l < lanes; ++l) {
      const Block garbler = table[2 * (gate * lanes + l)];
      const Block evaluator = table[2 * (gate * lanes + l) + 1];
      out[l] = h[2 * l] ^ block_if(a[l].lo & 1, garbler) ^ h[2 * l + 1] ^
               block_if(b[l].lo & 1, evaluator ^ a[l]);
    }
  });
}

}  // namespace duet
