// A 128-bit value: AES blocks, wire labels, OT messages.
#pragma once

#include <bit>
#include <cstdint>

namespace duet {

static_assert(std::endian::native == std::endian::little, "blocks go onto the wire as they are");

struct alignas(16) Block {
  std::uint64_t lo = 0;
  std::uint64_t hi = 0;

  friend constexpr Block operator^(Block a, Block b) { return {a.lo ^ b.lo, a.hi ^ b.hi}; }
  friend constexpr Block operator&(Block a, Block b) { return {a.lo & b.lo, a.hi & b.hi}; }
  constexpr Block& operator^=(Block b) { return *this = *this ^ b; }
  constexpr Block& operator&=(Block b) { return *this = *this & b; }

  // Looks at all 128 bits whatever they are, so its time does not depend on them.
  friend constexpr bool operator==(Block a, Block b) {
    return ((a.lo ^ b.lo) | (a.hi ^ b.hi)) == 0;
  }
};

// Bit 0: the colour of a wire label (point-and-permute).
constexpr bool lsb(Block b) { return (b.lo & 1) != 0; }

// `value` if `bit` is 1 and zero if it is 0, without a branch.
constexpr Block block_if(std::uint64_t bit, Block value) {
  const std::uint64_t mask = 0 - bit;
  return value & Block{mask, mask};
}

}  // namespace duet
