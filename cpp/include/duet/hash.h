// The tweakable circular correlation robust hash (TCCR) from a block cipher:
//     H(x, i) = π(π(x) ⊕ i) ⊕ π(x),  where π is AES-128 under the key  nonce + ⌊i / 64⌋
// The construction is that of Guo, Katz, Wang, Yu, "Efficient and Secure Multiparty Computation
// from Fixed-Key Block Ciphers", IEEE S&P 2020, section 7.4. Under one key for everything, an
// adversary with p calls to π succeeds with probability about p·q / 2^128 after q hashes: what all
// rounds of all sessions ever hash helps it. So the key changes, as in Guo, Katz, Wang, Weng, Yu,
// "Better Concrete Security for Half-Gates Garbling (in the Multi-Instance Setting)", CRYPTO 2020
// (ePrint 2019/1168): it begins at a nonce that both parties of a session have contributed to
// (handshake.h) and moves on with the tweak's high bits. A call to π under one key tells only about
// the hashes under it, at most two for each of 64 tweaks: with p calls, at most p / 2^121, however
// long the session and however many there are. Keys are public; in the ideal-cipher model they need
// only differ. A tweak must not be used twice with the same Δ: Session::reserve_tweaks hands them
// out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "duet/aes.h"
#include "duet/block.h"

namespace duet {

inline constexpr unsigned kTweakBitsPerKey = 6;

// Keeps the key that it used last; one thread uses it at a time.
class Tccr {
 public:
  explicit Tccr(Block nonce) : nonce_(nonce) {}

  // out[i] = H(x[i], first_tweak + i / repeats). The spans have one length; `x` and `out` may be
  // the same memory.
  void operator()(std::span<const Block> x, std::uint64_t first_tweak, std::span<Block> out,
                  std::size_t repeats = 1);

  // How often the key has changed: a schedule costs as much as encrypting some ten blocks.
  std::uint64_t key_changes() const { return key_changes_; }

 private:
  const Aes128& cipher(std::uint64_t key);

  Block nonce_;
  std::optional<Aes128> cipher_;
  std::uint64_t key_ = 0;  // that of cipher_, above the nonce
  std::uint64_t key_changes_ = 0;
};

}  // namespace duet
