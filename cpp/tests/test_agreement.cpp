#include <string>

#include "duet/agreement.h"
#include "duet/errors.h"
#include "protocol.h"

namespace {

using namespace duet;

void equal_values_pass() {
  Sessions both;
  const std::vector<Tensor<Ring>> publics{random_values({3, 4}, 1), Tensor<Ring>()};
  std::array<Agreement, 2> agreement;
  both.run(Agreement::online_cost(), [&](Session& s, std::size_t p) {
    agreement[p].send(s, publics);
    agreement[p].receive(s);
  });
}

void different_values_are_refused() {
  Sessions both;
  // The same numbers in another shape differ, too.
  const std::array<std::vector<Tensor<Ring>>, 2> publics{std::vector{Tensor<Ring>({1, 2}, {5, 6})},
                                                         std::vector{Tensor<Ring>({2}, {5, 6})}};
  std::array<Agreement, 2> agreement;
  std::array<std::string, 2> message;
  both.run(Agreement::online_cost(), [&](Session& s, std::size_t p) {
    agreement[p].send(s, publics[p]);
    message[p] = message_of<MismatchError>([&] { agreement[p].receive(s); });
  });
  for (const std::string& text : message) {
    CHECK(text.find("different public values") != std::string::npos);
  }
}

}  // namespace

int main() {
  equal_values_pass();
  different_values_are_refused();
}
