#include "check.h"
#include "duet/block.h"

int main() {
  using duet::Block;
  constexpr Block a{0xf0f0, 0x1234};
  constexpr Block b{0x0ff1, 0x00ff};
  static_assert((a ^ b) == Block{0xff01, 0x12cb});
  static_assert((a & b) == Block{0x00f0, 0x0034});
  static_assert(Block{1, 0} != Block{0, 1} && Block{} == Block{0, 0});
  static_assert(!lsb(a) && lsb(b));
  static_assert(duet::block_if(1, a) == a && duet::block_if(0, a) == Block{});
  static_assert(sizeof(Block) == 16 && alignof(Block) == 16);
  Block c = a;
  c ^= b;
  CHECK(c == (a ^ b));
  c &= a;
  CHECK(c == ((a ^ b) & a));
}
