#include <vector>

#include "check.h"
#include "duet/aes.h"
#include "duet/hash.h"

namespace {

using duet::Block;
using duet::Tccr;

constexpr Block kNonce{0xfffffffffffffff0, 7};

// The formula, block by block, with the other AES.
Block reference(Block nonce, Block x, std::uint64_t tweak) {
  const bool carries = nonce.lo + tweak / 64 < nonce.lo;
  const duet::Aes128 permutation({nonce.lo + tweak / 64, nonce.hi + (carries ? 1 : 0)},
                                 duet::Aes128::Engine::kOpenSsl);
  const auto pi = [&](Block in) {
    Block out;
    permutation.encrypt({&in, 1}, {&out, 1});
    return out;
  };
  return pi(pi(x) ^ Block{tweak, 0}) ^ pi(x);
}

Block hash(Block nonce, Block x, std::uint64_t tweak) {
  Block out;
  Tccr{nonce}({&x, 1}, tweak, {&out, 1});
  return out;
}

void follows_the_formula() {
  for (const std::size_t count : {0, 1, 7, 8, 15, 16, 17, 100, 300}) {
    std::vector<Block> x(count);
    for (std::size_t i = 0; i < count; ++i) x[i] = {i * 77, ~i};
    for (const std::size_t repeats : {1, 2}) {
      for (const std::uint64_t first : {0, 50, 63, 64, 1'000'003}) {
        std::vector<Block> out(count);
        Tccr tccr(kNonce);
        tccr(x, first, out, repeats);
        for (std::size_t i = 0; i < count; ++i) {
          CHECK(out[i] == reference(kNonce, x[i], first + i / repeats));
        }
        std::vector<Block> in_place = x;
        tccr(in_place, first, in_place, repeats);
        CHECK(in_place == out);
      }
    }
  }
  std::vector<Block> two(2);
  message_of<std::invalid_argument>([&] { Tccr{kNonce}(two, 0, std::span(two).first(1)); });
}

void a_vector_is_pinned() {
  CHECK(hash({1, 2}, {3, 4}, 5) == (Block{0x56f55a5fdc11360a, 0x1caea3196a74f814}));
}

// One key for two sessions, or for far tweaks, would let an adversary's work count for both.
void keys_differ_with_the_nonce_and_the_tweaks_high_bits() {
  // Where only the key differs: π(π(x) ⊕ i) ⊕ π(x) with the tweak's part in it taken out.
  CHECK(hash({1, 2}, {3, 4}, 5) != hash({2, 2}, {3, 4}, 5));
  CHECK(hash({1, 2}, {3, 4}, 5) != hash({1, 3}, {3, 4}, 5));
  const auto fixed_key = [](Block x, std::uint64_t tweak) {
    const duet::Aes128 permutation(Block{1, 2});
    Block once;
    permutation.encrypt({&x, 1}, {&once, 1});
    const Block in = once ^ Block { tweak, 0 };
    Block twice;
    permutation.encrypt({&in, 1}, {&twice, 1});
    return twice ^ once;
  };
  for (const std::uint64_t tweak : {0, 1, 63}) {
    CHECK(hash({1, 2}, {3, 4}, tweak) == fixed_key({3, 4}, tweak));
  }
  for (unsigned bit = duet::kTweakBitsPerKey; bit < 64; ++bit) {
    const std::uint64_t tweak = std::uint64_t{1} << bit;
    CHECK(hash({1, 2}, {3, 4}, tweak) != fixed_key({3, 4}, tweak));
  }
}

void keys_change_once_for_every_64_tweaks() {
  Tccr tccr({1, 2});
  std::vector<Block> x(1000);
  tccr(x, 10, x);  // tweaks 10 to 1009
  CHECK(tccr.key_changes() == 16);
  tccr(std::span(x).first(10), 1010, std::span(x).first(10));  // to 1019: the same key
  CHECK(tccr.key_changes() == 16);
  tccr(x, 1024, x, 2);  // to 1523
  CHECK(tccr.key_changes() == 16 + 8);
}

}  // namespace

int main() {
  follows_the_formula();
  a_vector_is_pinned();
  keys_differ_with_the_nonce_and_the_tweaks_high_bits();
  keys_change_once_for_every_64_tweaks();
}
