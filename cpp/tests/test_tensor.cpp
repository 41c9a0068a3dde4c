#include <numeric>
#include <vector>

#include "check.h"
#include "duet/tensor.h"

namespace {

using namespace duet;
using Numbers = Tensor<int>;

Numbers counting(const Shape& shape) {
  Numbers result(shape);
  std::iota(result.data.begin(), result.data.end(), 0);
  return result;
}

void check(const Numbers& value, const Shape& shape, const SecretVector<int>& data) {
  CHECK(value.shape == shape);
  CHECK(value.data == data);
}

void shapes() {
  CHECK(Numbers().shape.empty() && Numbers().size() == 1);
  CHECK(Numbers({2, 0, 3}).size() == 0);
  CHECK(shape_text({}) == "[]" && shape_text({2, 30}) == "[2, 30]");
  CHECK((common_shape({5, 1, 3}, {4, 1}) == Shape{5, 4, 3}));
  CHECK((common_shape({}, {2, 1}) == Shape{2, 1}));
  CHECK((common_shape({0}, {1}) == Shape{0}));
  CHECK(message_of<std::invalid_argument>([] { common_shape({2}, {3}); }) ==
        "the shapes [2] and [3] do not broadcast");
  CHECK(message_of<std::invalid_argument>([] {
          Numbers({2}, {1, 2, 3});
        }) == "3 elements for the shape [2]");
}

void movements() {
  check(reshape(counting({2, 3}), {3, 2}), {3, 2}, {0, 1, 2, 3, 4, 5});
  check(reshape(counting({1}), {}), {}, {0});
  message_of<std::invalid_argument>([] { reshape(counting({2, 3}), {5}); });

  check(transpose(counting({2, 3}), {1, 0}), {3, 2}, {0, 3, 1, 4, 2, 5});
  check(transpose(counting({2, 1, 3}), {2, 0, 1}), {3, 2, 1}, {0, 3, 1, 4, 2, 5});
  check(transpose(counting({}), {}), {}, {0});
  message_of<std::invalid_argument>([] { transpose(counting({2, 3}), {0, 0}); });

  check(broadcast_to(counting({2, 1}), {2, 3}), {2, 3}, {0, 0, 0, 1, 1, 1});
  check(broadcast_to(counting({2}), {2, 1, 2}), {2, 1, 2}, {0, 1, 0, 1});
  check(broadcast_to(counting({}), {2}), {2}, {0, 0});
  message_of<std::invalid_argument>([] { broadcast_to(counting({2}), {1}); });

  check(slice(counting({3, 4}), {1, 3}, {2, 2}, {1, -2}), {2, 2}, {7, 5, 11, 9});
  check(slice(counting({3}), {3}, {0}, {1}), {0}, {});
  message_of<std::invalid_argument>([] { slice(counting({3}), {1}, {3}, {1}); });
  message_of<std::invalid_argument>([] { slice(counting({3}), {1}, {3}, {-1}); });

  check(take(counting({3, 4}), 1, {3, 0, 3}), {3, 3}, {3, 0, 3, 7, 4, 7, 11, 8, 11});
  check(take(counting({2, 3, 2}), 1, {2, 0}), {2, 2, 2}, {4, 5, 0, 1, 10, 11, 6, 7});
  check(take(counting({3, 2}), 0, {2, 1}), {2, 2}, {4, 5, 2, 3});
  check(take(counting({3}), 0, {}), {0}, {});
  message_of<std::invalid_argument>([] { take(counting({3}), 0, {3}); });
  message_of<std::invalid_argument>([] { take(counting({3}), 1, {0}); });

  const std::vector<Numbers> parts{counting({2, 1}), counting({2, 2})};
  check(concat(parts, 1), {2, 3}, {0, 0, 1, 1, 2, 3});
  check(concat(0, counting({1, 2}), counting({2, 2})), {3, 2}, {0, 1, 0, 1, 2, 3});
  message_of<std::invalid_argument>([&] { concat(parts, 0); });
}

}  // namespace

int main() {
  shapes();
  movements();
}
