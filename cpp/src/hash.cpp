#include "duet/hash.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "duet/secret.h"

namespace duet {
namespace {

constexpr std::size_t kBatch = 16;

// The sum modulo 2^128.
Block plus(Block a, std::uint64_t b) {
  const std::uint64_t lo = a.lo + b;
  return {lo, a.hi + (lo < b ? 1 : 0)};
}

}  // namespace

const Aes128& Tccr::cipher(std::uint64_t key) {
  if (!cipher_ || key != key_) {
    cipher_.emplace(plus(nonce_, key));
    key_ = key;
    ++key_changes_;
  }
  return *cipher_;
}

void Tccr::operator()(std::span<const Block> x, std::uint64_t first_tweak, std::span<Block> out,
                      std::size_t repeats) {
  if (x.size() != out.size()) throw std::invalid_argument("Tccr: lengths differ");
  std::array<Block, kBatch> once;
  std::array<Block, kBatch> twice;
  for (std::size_t start = 0; start < x.size();) {
    const std::uint64_t tweak = first_tweak + start / repeats;
    const std::uint64_t key = tweak >> kTweakBitsPerKey;
    const std::uint64_t next_key_at = ((key + 1) << kTweakBitsPerKey) - first_tweak;
    const std::size_t end =
        std::min({x.size(), start + kBatch, static_cast<std::size_t>(next_key_at) * repeats});
    const std::size_t count = end - start;
    const Aes128& permutation = cipher(key);
    permutation.encrypt(x.subspan(start, count), std::span(once).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      twice[i] = once[i] ^ Block { first_tweak + (start + i) / repeats, 0 };
    }
    permutation.encrypt(std::span(twice).first(count), std::span(twice).first(count));
    for (std::size_t i = 0; i < count; ++i) out[start + i] = twice[i] ^ once[i];
    start = end;
  }
  const std::size_t used = std::min(kBatch, x.size());
  wipe(std::span(once).first(used));
  wipe(std::span(twice).first(used));
}

}  // namespace duet
