#include "check.h"
#include "duet/prg.h"
#include "transpose.h"

namespace {

bool bit(const duet::Block& block, std::size_t i) {
  return ((i < 64 ? block.lo >> i : block.hi >> (i - 64)) & 1) != 0;
}

}  // namespace

int main() {
  std::array<duet::Block, 128> rows;
  duet::Prg({1, 2}).fill(std::span<duet::Block>(rows));
  std::array<duet::Block, 128> columns = rows;
  duet::transpose(columns);
  for (std::size_t r = 0; r < 128; ++r) {
    for (std::size_t c = 0; c < 128; ++c) CHECK(bit(rows[r], c) == bit(columns[c], r));
  }
}
