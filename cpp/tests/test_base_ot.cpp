#include <vector>

#include "duet/base_ot.h"
#include "duet/errors.h"
#include "two_party.h"
#include "wire_traces.h"

namespace {

using namespace duet;

struct Run {
  std::pair<Channel, Channel> channels = Channel::local_pair();
  std::vector<std::array<Block, 2>> sent;
  std::vector<Block> received;
};

std::vector<std::uint8_t> pattern(std::size_t count) {
  std::vector<std::uint8_t> choices(count);
  for (std::size_t i = 0; i < count; ++i) choices[i] = (i % 3 == 0 || i == 1) ? 1 : 0;
  return choices;
}

Run run(std::size_t count, Randomness sender, Randomness receiver) {
  Run result;
  result.sent.resize(count);
  result.received.resize(count);
  run_both(
      [&] { base_ot_send(result.channels.first, sender, result.sent); },
      [&] { base_ot_receive(result.channels.second, receiver, pattern(count), result.received); });
  return result;
}

void receiver_gets_what_it_chose() {
  for (const std::size_t count : {1, 5, 128}) {
    const Run result = run(count, Randomness::os(), Randomness::os());
    const std::vector<std::uint8_t> choices = pattern(count);
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(result.sent[i][choices[i]] == result.received[i]);
      CHECK(result.sent[i][0] != result.sent[i][1]);
      CHECK(i == 0 || result.sent[i][0] != result.sent[i - 1][0]);
    }
    CHECK(measured_cost(result.channels.first, result.channels.second) == base_ot_cost(count, 0));
  }
}

void trace_is_pinned() {
  const Run result = run(4, Randomness::for_tests({1, 0}), Randomness::for_tests({2, 0}));
  check_trace(result.channels.first, "base_ot", 0);
  check_trace(result.channels.second, "base_ot", 1);
}

void refuses_what_is_no_point() {
  auto [mine, peer] = Channel::local_pair();
  Randomness random = Randomness::os();
  std::array<std::uint8_t, kPointBytes> nonsense{4, 1};
  peer.send(nonsense);
  peer.flush();
  Block key;
  const std::uint8_t choice = 0;
  const std::string message = message_of<ProtocolError>([&, &channel = mine] {
    base_ot_receive(channel, random, {&choice, 1}, {&key, 1});
  });
  CHECK(message == "base OT: what the peer sent is not a point of P-256");
}

}  // namespace

int main() {
  receiver_gets_what_it_chose();
  trace_is_pinned();
  refuses_what_is_no_point();
}
