// The gates of a circuit for a few instances at once, so that the hash works on full batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "duet/block.h"
#include "duet/circuit.h"
#include "duet/hash.h"
#include "duet/secret.h"

namespace duet {

inline constexpr std::size_t kLanes = 16;  // instances

// The labels of all wires of up to kLanes instances.
class Wires {
 public:
  // `nonce`: the session's, for the hash.
  Wires(const Circuit& circuit, Block nonce)
      : circuit_(circuit), labels_(circuit.wires * kLanes), tccr_(nonce) {}

  std::span<Block, kLanes> operator[](std::size_t wire) {
    return std::span<Block, kLanes>(&labels_[wire * kLanes], kLanes);
  }

  // A table is two blocks per AND gate; gate g of lane l has table[2 · (g · lanes + l)] and the
  // block after it. The tweaks that it uses are `tweak` plus those positions, so lanes share keys.
  void garble(Block delta, std::uint64_t tweak, std::size_t lanes, std::span<Block> table);
  void evaluate(std::uint64_t tweak, std::size_t lanes, std::span<const Block> table);

 private:
  template <class AndGate>
  void run(std::size_t lanes, Block delta, AndGate and_gate);

  const Circuit& circuit_;
  SecretVector<Block> labels_;
  Tccr tccr_;
};

}  // namespace duet
