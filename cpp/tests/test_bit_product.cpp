#include <vector>

#include "bit_product.h"
#include "protocol.h"

namespace {

using namespace duet;

void check(Sessions& both, std::size_t count, const std::vector<unsigned>& widths, int ot_k) {
  std::array<SecretVector<std::uint8_t>, 2> bits;
  std::array<SecretVector<Ring>, 2> shares;
  for (const std::size_t p : {0, 1}) {
    bits[p].resize(count);
    shares[p].resize(count);
    Prg({p, count}).fill(std::span<std::uint8_t>(bits[p]));
    for (std::uint8_t& bit : bits[p]) bit &= 1;
  }
  both.run(bit_products_cost(count, widths, ot_k),
           [&](Session& s, std::size_t p) { bit_products(s, bits[p], widths, shares[p]); });
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned width = widths[i % widths.size()];
    const Ring difference = shares[0][i] + shares[1][i] - Ring{bits[0][i]} * Ring{bits[1][i]};
    CHECK(difference << (64 - width) == 0);
  }
}

void products_of_all_widths() {
  Sessions both;
  for (unsigned width = 1; width <= 64; ++width) check(both, 20, {width}, kDefaultOtK);
  check(both, 100, {64, 1, 9, 17}, kDefaultOtK);
  check(both, 1, {3, 5}, kDefaultOtK);
  check(both, 0, {7}, kDefaultOtK);
  check(both, 200'000, {1, 33, 8}, kDefaultOtK);  // several messages
  Sessions quieter({8});
  check(quieter, 77, {64}, 8);
}

void traces_are_pinned() {
  Sessions both;
  check(both, 30, {62, 7}, kDefaultOtK);
  both.check_traces("bit_products");
}

}  // namespace

int main() {
  products_of_all_widths();
  traces_are_pinned();
}
