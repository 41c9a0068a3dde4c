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

void messages_are_exchanged_in_a_phase_of_their_own() {
  Sessions both;
  both.run(exchange_cost(2), [&](Session& s, std::size_t p) {
    const std::array<std::uint8_t, 2> mine{static_cast<std::uint8_t>(p), 7};
    const std::vector<std::uint8_t> other = exchange(s, mine, 2);
    CHECK((other == std::vector<std::uint8_t>{static_cast<std::uint8_t>(1 - p), 7}));
    CHECK(s.stats(Phase::kAgreement).traffic.messages_sent == 1);
    CHECK(s.stats(Phase::kOnline).traffic.messages_sent == 0);
  });
}

}  // namespace

int main() {
  messages_are_exchanged_in_a_phase_of_their_own();
  equal_values_pass();
  different_values_are_refused();
}
