#include <algorithm>
#include <cstring>
#include <vector>

#include "check.h"
#include "duet/prg.h"

namespace {

using duet::Block;
using duet::Prg;

constexpr Block kSeed{0x1111, 0x2222};

// The stream as the header defines it, computed with the other AES.
std::vector<std::uint8_t> reference(std::uint64_t stream, std::size_t bytes) {
  std::vector<Block> blocks((bytes + 15) / 16);
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = {i, stream};
  duet::Aes128(kSeed, duet::Aes128::Engine::kOpenSsl).encrypt(blocks, blocks);
  std::vector<std::uint8_t> out(bytes);
  std::memcpy(out.data(), blocks.data(), bytes);
  return out;
}

void is_one_stream_however_it_is_cut() {
  const std::vector<std::uint8_t> expected = reference(9, 4000);
  Prg prg(kSeed, 9);
  std::vector<std::uint8_t> out(4000);
  std::size_t done = 0;
  const auto part = [&](std::size_t bytes) {
    const auto result = std::span(out).subspan(done, bytes);
    done += bytes;
    return result;
  };
  for (const std::size_t bytes : {0, 1, 15, 16, 17, 3, 128, 129, 700}) prg.fill(part(bytes));
  const std::uint64_t number = prg.next();
  std::memcpy(part(8).data(), &number, 8);
  const Block block = prg.block();
  std::memcpy(part(16).data(), &block, 16);
  std::vector<std::uint64_t> numbers(50);
  prg.fill(std::span(numbers));
  std::memcpy(part(400).data(), numbers.data(), 400);
  std::vector<Block> blocks(20);
  prg.fill(std::span(blocks));
  std::memcpy(part(320).data(), blocks.data(), 320);
  CHECK(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(done), expected.begin()));

  std::vector<Block> fresh(10);  // the way past the buffer
  Prg(kSeed, 9).fill(std::span(fresh));
  CHECK(std::memcmp(fresh.data(), expected.data(), 160) == 0);
}

void seeds_from_the_system_differ() {
  CHECK(Prg::from_os().block() != Prg::from_os().block());
  CHECK(duet::Randomness::os().seed() != duet::Randomness::os().seed());
  CHECK(duet::Randomness::for_tests(kSeed).seed() == duet::Randomness::for_tests(kSeed).seed());
  CHECK(Prg(kSeed, 0).block() != Prg(kSeed, 1).block());
}

void moving_keeps_the_place() {
  Prg from(kSeed);
  Prg other(kSeed);
  CHECK(from.next() == other.next());
  Prg to(std::move(from));
  CHECK(to.next() == other.next());
}

}  // namespace

int main() {
  is_one_stream_however_it_is_cut();
  seeds_from_the_system_differ();
  moving_keeps_the_place();
}
