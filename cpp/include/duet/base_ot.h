// Random oblivious transfers from public-key cryptography, the seeds of the OT extension:
// Chou, Orlandi, "The Simplest Protocol for Oblivious Transfer", LATINCRYPT 2015, on the curve
// P-256, with the whole transcript of a transfer hashed into its keys (the revised version).
// Against parties that follow the protocol it is secure if computational Diffie-Hellman is hard on
// P-256 (128 bits) and SHA-256 is a random oracle. The known attacks on its simulation proof need a
// party that deviates, which the trust model excludes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "duet/block.h"
#include "duet/channel.h"
#include "duet/cost.h"
#include "duet/prg.h"

namespace duet {

inline constexpr std::size_t kPointBytes = 65;  // an uncompressed point

// One message from the sender, one answer from the receiver.
void base_ot_send(Channel& channel, Randomness& random, std::span<std::array<Block, 2>> keys);
// keys[i] becomes the sender's keys[i][choices[i]]; choices are 0 or 1.
void base_ot_receive(Channel& channel, Randomness& random, std::span<const std::uint8_t> choices,
                     std::span<Block> keys);

constexpr Cost base_ot_cost(std::uint64_t count, int sender) {
  return parallel(message_cost(sender, kPointBytes), message_cost(1 - sender, count * kPointBytes));
}

}  // namespace duet
