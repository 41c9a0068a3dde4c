#include <optional>
#include <vector>

#include "duet/ot_extension.h"
#include "two_party.h"
#include "wire_traces.h"

namespace {

using namespace duet;

// Both ends of a connection over which party 0 is the sender.
struct Pair {
  Pair(int k, Randomness sender_random, Randomness receiver_random) {
    run_both([&] { sender.emplace(channels.first, sender_random, k); },
             [&] { receiver.emplace(channels.second, receiver_random, k); });
  }

  std::pair<Channel, Channel> channels = Channel::local_pair();
  std::optional<CotSender> sender;
  std::optional<CotReceiver> receiver;
};

void extend_and_check(Pair& pair, std::size_t count, std::uint64_t seed) {
  std::vector<std::uint8_t> choices(count);
  Prg({seed, 1}).fill(std::span(choices));
  for (std::uint8_t& choice : choices) choice &= 1;
  std::vector<Block> q(count);
  std::vector<Block> t(count);
  run_both([&] { pair.sender->extend(q); }, [&] { pair.receiver->extend(choices, t); });
  const Block delta = pair.sender->delta();
  CHECK(lsb(delta));
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(t[i] == (q[i] ^ block_if(choices[i], delta)));
    CHECK(q[i] != Block{} && (i == 0 || q[i] != q[i - 1]));
  }
}

void correlation_and_cost() {
  for (const int k : {1, 2, 4, 8}) {
    Pair pair(k, Randomness::os(), Randomness::os());
    CHECK(measured_cost(pair.channels.first, pair.channels.second) == cot_setup_cost(k, 0));
    for (const std::size_t count : {0, 1, 7, 8, 129, 1024, 1025, 70'000, 131'072}) {
      pair.channels.first.reset_traffic();
      pair.channels.second.reset_traffic();
      extend_and_check(pair, count, count);
      CHECK(measured_cost(pair.channels.first, pair.channels.second) ==
            cot_extend_cost(count, k, 0));
    }
  }
}

void traces_are_pinned() {
  for (const int k : {1, 2, 4, 8}) {
    Pair pair(k, Randomness::for_tests({1, 0}), Randomness::for_tests({2, 0}));
    extend_and_check(pair, 3000, 3);
    extend_and_check(pair, 5, 4);
    check_trace(pair.channels.first, "ot_extension_k" + std::to_string(k), 0);
    check_trace(pair.channels.second, "ot_extension_k" + std::to_string(k), 1);
  }
}

void refuses_other_parameters() {
  auto [channel, peer] = Channel::local_pair();
  Randomness random = Randomness::os();
  const std::string message =
      message_of<std::invalid_argument>([&, &mine = channel] { CotSender(mine, random, 3); });
  CHECK(message == "the parameter k of SoftSpokenOT is 1, 2, 4 or 8");
}

}  // namespace

int main() {
  correlation_and_cost();
  traces_are_pinned();
  refuses_other_parameters();
}
