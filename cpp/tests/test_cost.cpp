#include "check.h"
#include "duet/cost.h"

int main() {
  using namespace duet;
  static_assert(framed_bytes(0) == 16 && framed_bytes(1) == 17);
  static_assert(framed_bytes(kMaxFrameBytes) == kMaxFrameBytes + 16);
  static_assert(framed_bytes(kMaxFrameBytes + 1) == kMaxFrameBytes + 1 + 32);
  constexpr Cost there = message_cost(0, 100);
  constexpr Cost back = message_cost(1, 50);
  static_assert(there == Cost{{116, 0}, {1, 0}, 1});
  static_assert(there + back == Cost{{116, 66}, {1, 1}, 2});
  static_assert(parallel(there, back) == Cost{{116, 66}, {1, 1}, 1});
  CHECK(there != back);
}
