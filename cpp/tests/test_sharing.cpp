#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "duet/errors.h"
#include "duet/sharing.h"

namespace {

using namespace duet;

void encodes() {
  const std::vector<double> values{0, -0.0, 1, -1, 0.5, 1.5, 2.5, -0.75, 3.25};
  CHECK((encode(values, 0) == SecretVector<Ring>{0, 0, 1, ~Ring{0}, 1, 2, 2, ~Ring{0}, 3}));
  const std::vector<double> near{1e-9, -1e-9, 1 + 1e-9, 2 - 1e-9, -3 - 1e-9, 0x1p60};
  CHECK((encode(near, 1) == SecretVector<Ring>{1, ~Ring{0}, 3, 3, 0 - Ring{7}, Ring{1} << 61}));
  CHECK((encode(std::vector{1.0, -2.5}, 20) == SecretVector<Ring>{1 << 20, 0 - (Ring{5} << 19)}));
  CHECK((encode(std::vector{0x1.8p70}, -8) == SecretVector<Ring>{Ring{3} << 61}));
}

void refuses_what_does_not_fit() {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {0x1p63, -0x1p63, infinity, -infinity, std::nan("")}) {
    CHECK(message_of<RangeError>([&] {
            encode(std::vector{0.0, bad}, 0);
          }) ==
          "share: element 1 does not fit into 64 bits with 0 fractional bits, or is not a number");
  }
  CHECK(encode(std::vector{std::nextafter(0x1p63, 0)}, 0)[0] == 0x7ffffffffffffc00);
}

}  // namespace

int main() {
  encodes();
  refuses_what_does_not_fit();
}
