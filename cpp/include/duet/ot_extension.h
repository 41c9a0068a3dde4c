// Correlated oblivious transfers by the million: SoftSpokenOT,
// Roy, "SoftSpokenOT: Quieter OT Extension from Small-Field Silent VOLE in the Minicrypt Model",
// CRYPTO 2022, for semi-honest parties. With parameter k an OT costs 128/k bits on the wire and
// 2^k/k · 128 bits of pseudo-random stream per party; k = 1 is IKNP (CRYPTO 2003).
//
// The sender holds one Δ (its lowest bit is 1) and gets a block q_i per OT; the receiver chooses
// bits c_i and gets t_i = q_i ⊕ c_i·Δ. All q_i share one Δ: hash them (hash.h) wherever independent
// keys are needed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "duet/aes.h"
#include "duet/base_ot.h"
#include "duet/block.h"
#include "duet/channel.h"
#include "duet/cost.h"
#include "duet/prg.h"
#include "duet/secret.h"

namespace duet {

inline constexpr std::size_t kCotChunk = 1 << 16;  // OTs per message
inline constexpr int kDefaultOtK = 4;

class CotSender {
 public:
  // Runs the base OTs; the peer constructs a CotReceiver at the same time. k is 1, 2, 4 or 8.
  CotSender(Channel& channel, Randomness& random, int k = kDefaultOtK);

  Block delta() const { return delta_.expose(); }
  void extend(std::span<Block> q);

 private:
  Channel& channel_;
  unsigned k_;
  Secret<Block> delta_;
  std::vector<Aes128>
      leaves_;  // leaf x of group g at g·2^k + (x ⊕ Δ_g); that of x = Δ_g is unknown
  std::uint64_t counter_ = 0;  // blocks taken from every leaf
};

class CotReceiver {
 public:
  CotReceiver(Channel& channel, Randomness& random, int k = kDefaultOtK);

  // One choice bit (0 or 1) per byte; choice_bits and t have one length.
  void extend(std::span<const std::uint8_t> choice_bits, std::span<Block> t);

 private:
  Channel& channel_;
  unsigned k_;
  std::vector<Aes128> leaves_;  // leaf x of group g at g·2^k + x
  std::uint64_t counter_ = 0;
};

// Of constructing both: 128 base OTs, then the sums over the levels of the trees.
constexpr Cost cot_setup_cost(int k, int sender) {
  const auto bits = static_cast<std::uint64_t>(k);
  Cost cost = base_ot_cost(128, 1 - sender);
  if (k > 1) {
    cost = cost + message_cost(1 - sender, 128 / bits * (bits - 1) * 2 * 16);
  }
  return cost;
}

// Of n more OTs: one message per chunk, from the receiver to the sender.
constexpr Cost cot_extend_cost(std::uint64_t n, int k, int sender) {
  const std::uint64_t groups = 128 / static_cast<std::uint64_t>(k);
  Cost cost;
  for (std::uint64_t done = 0; done < n; done += kCotChunk) {
    const std::uint64_t chunk = std::min<std::uint64_t>(kCotChunk, n - done);
    cost = parallel(cost, message_cost(1 - sender, groups * ((chunk + 7) / 8)));
  }
  return cost;
}

}  // namespace duet
