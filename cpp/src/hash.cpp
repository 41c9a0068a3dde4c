#include "duet/hash.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>

#include "duet/aes.h"
#include "duet/secret.h"

namespace duet {
namespace {

constexpr Block kKey{0x243f6a8885a308d3, 0x13198a2e03707344};  // the first digits of pi
constexpr std::size_t kBatch = 16;

template <class TweakAt>
void hash(std::span<const Block> x, TweakAt tweak_at, std::span<Block> out) {
  if (x.size() != out.size()) throw std::invalid_argument("tccr: lengths differ");
  // OpenSSL's cipher contexts, which serve where AES-NI is missing, are not to be shared by
  // threads.
  thread_local const Aes128 permutation(kKey);

  std::array<Block, kBatch> once;
  std::array<Block, kBatch> twice;
  for (std::size_t start = 0; start < x.size(); start += kBatch) {
    const std::size_t count = std::min(kBatch, x.size() - start);
    permutation.encrypt(x.subspan(start, count), std::span(once).first(count));
    for (std::size_t i = 0; i < count; ++i) twice[i] = once[i] ^ tweak_at(start + i);
    permutation.encrypt(std::span(twice).first(count), std::span(twice).first(count));
    for (std::size_t i = 0; i < count; ++i) out[start + i] = twice[i] ^ once[i];
  }
  const std::size_t used = std::min(kBatch, x.size());
  wipe(std::span(once).first(used));
  wipe(std::span(twice).first(used));
}

}  // namespace

void tccr(std::span<const Block> x, std::span<const Block> tweaks, std::span<Block> out) {
  if (x.size() != tweaks.size()) throw std::invalid_argument("tccr: lengths differ");
  hash(
      x, [tweaks](std::size_t i) { return tweaks[i]; }, out);
}

void tccr(std::span<const Block> x, std::uint64_t first_tweak, std::span<Block> out) {
  hash(
      x,
      [first_tweak](std::size_t i) {
        return Block{first_tweak + i, 0};
      },
      out);
}

Block tccr(Block x, std::uint64_t tweak) {
  Block out;
  tccr({&x, 1}, tweak, {&out, 1});
  return out;
}

}  // namespace duet
