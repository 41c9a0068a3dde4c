#include <vector>

#include "check.h"
#include "duet/aes.h"
#include "duet/hash.h"

namespace {

using duet::Block;

// The formula, block by block, with the other AES.
Block reference(Block x, Block tweak) {
  const duet::Aes128 permutation({0x243f6a8885a308d3, 0x13198a2e03707344},
                                 duet::Aes128::Engine::kOpenSsl);
  const auto pi = [&](Block in) {
    Block out;
    permutation.encrypt({&in, 1}, {&out, 1});
    return out;
  };
  return pi(pi(x) ^ tweak) ^ pi(x);
}

}  // namespace

int main() {
  for (const std::size_t count : {0, 1, 7, 8, 15, 16, 17, 100}) {
    std::vector<Block> x(count);
    std::vector<Block> tweaks(count);
    for (std::size_t i = 0; i < count; ++i) {
      x[i] = {i * 77, ~i};
      tweaks[i] = {1000 - i, i};
    }
    std::vector<Block> out(count);
    duet::tccr(x, tweaks, out);
    for (std::size_t i = 0; i < count; ++i) CHECK(out[i] == reference(x[i], tweaks[i]));
    duet::tccr(x, std::uint64_t{50}, out);
    for (std::size_t i = 0; i < count; ++i) CHECK(out[i] == reference(x[i], {50 + i, 0}));
    std::vector<Block> in_place = x;
    duet::tccr(in_place, std::uint64_t{50}, in_place);
    CHECK(in_place == out);
  }
  CHECK(duet::tccr({3, 4}, 5) == reference({3, 4}, {5, 0}));
  std::vector<Block> two(2);
  message_of<std::invalid_argument>([&] { duet::tccr(two, 0, std::span(two).first(1)); });
}
