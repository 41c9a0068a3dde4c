// The tweakable circular correlation robust hash (TCCR) from a fixed-key block cipher:
//     H(x, i) = π(π(x) ⊕ i) ⊕ π(x)
// Guo, Katz, Wang, Yu, "Efficient and Secure Multiparty Computation from Fixed-Key Block Ciphers",
// IEEE S&P 2020, section 7.4. π is AES-128 under a public key, taken as a random permutation. An
// adversary with p calls to π distinguishes q hashes with probability about p·q / 2^128.
// A tweak must not be used twice with the same Δ: Session::reserve_tweaks hands them out.
#pragma once

#include <cstdint>
#include <span>

#include "duet/block.h"

namespace duet {

// out[i] = H(x[i], tweaks[i]). The spans have one length; `x` and `out` may be the same memory.
void tccr(std::span<const Block> x, std::span<const Block> tweaks, std::span<Block> out);

// out[i] = H(x[i], first_tweak + i).
void tccr(std::span<const Block> x, std::uint64_t first_tweak, std::span<Block> out);

// H(x, tweak).
Block tccr(Block x, std::uint64_t tweak);

}  // namespace duet
