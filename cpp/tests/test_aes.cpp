#include <cstring>
#include <vector>

#include "check.h"
#include "duet/aes.h"
#include "duet/cpu_features.h"

namespace {

using duet::Aes128;
using duet::Block;

Block from_bytes(const std::array<std::uint8_t, 16>& bytes) {
  Block block;
  std::memcpy(&block, bytes.data(), sizeof block);
  return block;
}

// FIPS 197, appendix C.1.
void matches_the_standard(Aes128::Engine engine) {
  const Block key = from_bytes({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  const Block plain = from_bytes({0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa,
                                  0xbb, 0xcc, 0xdd, 0xee, 0xff});
  const Block cipher = from_bytes({0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7,
                                   0x80, 0x70, 0xb4, 0xc5, 0x5a});
  Block out;
  Aes128(key, engine).encrypt({&plain, 1}, {&out, 1});
  CHECK(out == cipher);
}

void engines_agree() {
  const Block key{0x0123456789abcdef, 0xfedcba9876543210};
  const Aes128 native(key, Aes128::Engine::kAesNi);
  const Aes128 portable(key, Aes128::Engine::kOpenSsl);
  for (std::size_t count = 0; count < 40; ++count) {
    std::vector<Block> in(count);
    for (std::size_t i = 0; i < count; ++i) in[i] = {i * 0x9e3779b97f4a7c15, count};
    std::vector<Block> a(count);
    std::vector<Block> b = in;
    native.encrypt(in, a);
    portable.encrypt(b, b);  // in place
    CHECK(a == b);

    const Block first{~std::uint64_t{3}, 7};  // the low half wraps around, the high half stays
    std::vector<Block> counters(count);
    for (std::size_t i = 0; i < count; ++i) counters[i] = {first.lo + i, 7};
    portable.encrypt(counters, counters);
    native.counter(first, a);
    portable.counter(first, b);
    CHECK(a == counters && b == counters);
  }
}

void moves() {
  for (const auto engine : {Aes128::Engine::kOpenSsl, Aes128::Engine::kAesNi}) {
    if (engine == Aes128::Engine::kAesNi && !duet::cpu_features().aes) continue;
    Aes128 from({1, 2}, engine);
    Block expected;
    from.counter({}, {&expected, 1});
    const Aes128 to(std::move(from));
    Block out;
    to.counter({}, {&out, 1});
    CHECK(out == expected);
  }
}

void refuses_different_lengths() {
  std::vector<Block> two(2);
  std::vector<Block> three(3);
  message_of<std::invalid_argument>([&] { Aes128({}).encrypt(two, three); });
}

}  // namespace

int main() {
  matches_the_standard(Aes128::Engine::kOpenSsl);
  if (duet::cpu_features().aes) {
    matches_the_standard(Aes128::Engine::kAesNi);
    engines_agree();
  }
  moves();
  refuses_different_lengths();
}
