// AES-128 with the processor's AES instructions. Only to be called where cpu_features().aes holds.
#pragma once

#include <array>
#include <span>

#include "duet/block.h"

namespace duet::aes_ni {

using RoundKeys = std::array<Block, 11>;

RoundKeys expand(Block key);
void encrypt(const RoundKeys& keys, std::span<const Block> in, std::span<Block> out);
void counter(const RoundKeys& keys, Block first, std::span<Block> out);

}  // namespace duet::aes_ni
