#include <array>
#include <chrono>
#include <vector>

#include "duet/channel.h"
#include "duet/errors.h"
#include "duet/link_speed.h"
#include "duet/prg.h"
#include "two_party.h"

namespace {

using namespace duet;
using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;

// Lower limits of times are strict, upper ones leave room for a machine that does other things.
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Bytes random_bytes(std::size_t count, std::uint64_t seed) {
  Bytes bytes(count);
  Prg({seed, 0}).fill(std::span(bytes));
  return bytes;
}

void a_round_trip_takes_both_delays() {
  auto channels = Channel::local_pair(Link{1e9, 30ms});
  constexpr int kRounds = 5;
  run_both(
      [&, &channel = channels.first] {
        const auto start = Clock::now();
        for (int i = 0; i < kRounds; ++i) {
          channel.send(Bytes{1});
          channel.receive<std::uint8_t>(1);
        }
        const double seconds = seconds_since(start);
        CHECK(seconds >= kRounds * 0.060 && seconds < 3);
      },
      [&, &channel = channels.second] {
        for (int i = 0; i < kRounds; ++i) {
          channel.receive<std::uint8_t>(1);
          channel.send(Bytes{1});
        }
        channel.flush();
      });
}

void bytes_take_their_time_in_both_directions_at_once() {
  constexpr std::size_t kSize = 10'000'000;  // more than all buffers hold
  constexpr double kBytesPerSecond = 40e6;
  auto channels = Channel::local_pair(Link{kBytesPerSecond, 10ms});
  const auto start = Clock::now();
  const auto party = [&](Channel& channel, std::uint64_t mine, std::uint64_t theirs) {
    Bytes received(kSize);
    channel.send(random_bytes(kSize, mine));
    channel.receive(received);
    const double seconds = seconds_since(start);
    CHECK(received == random_bytes(kSize, theirs));
    CHECK(seconds >= kSize / kBytesPerSecond + 0.010 && seconds < 10);
  };
  run_both([&] { party(channels.first, 1, 2); }, [&] { party(channels.second, 2, 1); });
  CHECK(measured_cost(channels.first, channels.second) ==
        parallel(message_cost(0, kSize), message_cost(1, kSize)));
}

// The second message does not wait until the first has arrived, nor does its sender.
void messages_are_under_way_at_the_same_time() {
  constexpr int kMessages = 40;
  auto channels = Channel::local_pair(Link{1e9, 200ms});
  const auto start = Clock::now();
  run_both(
      [&, &channel = channels.first] {
        for (int i = 0; i < kMessages; ++i) {
          channel.send(Bytes{static_cast<std::uint8_t>(i)});
          channel.flush();
        }
      },
      [&, &channel = channels.second] {
        for (int i = 0; i < kMessages; ++i) CHECK(channel.receive<std::uint8_t>(1)[0] == i);
        const double seconds = seconds_since(start);
        CHECK(seconds >= 0.2 && seconds < kMessages * 0.2 / 2);
      });
}

void what_is_under_way_arrives_after_its_sender_is_gone() {
  auto channels = Channel::local_pair(Link{10e6, 50ms});
  const Bytes message = random_bytes(1'000'000, 3);
  run_both(
      [&] {
        Channel gone = std::move(channels.first);
        gone.send(message);
        gone.flush();
      },
      [&, &channel = channels.second] {
        Bytes received(message.size());
        channel.receive(received);
        CHECK(received == message);
        CHECK(message_of<PeerError>([&] { channel.receive(received); }) ==
              "the peer is gone: it closed the connection");
      });
}

void a_dead_peer_is_noticed() {
  auto waiting = Channel::local_pair(Link{1e9, 5ms});
  { const Channel gone = std::move(waiting.second); }
  message_of<PeerError>([&] { waiting.first.receive<std::uint8_t>(1); });

  auto sending = Channel::local_pair(Link{1e9, 5ms});
  { const Channel gone = std::move(sending.second); }
  message_of<PeerError>([&] { sending.first.send(Bytes(30'000'000)); });
}

void a_silent_peer_times_out() {
  const auto start = Clock::now();
  {
    auto [a, b] = Channel::local_pair(Link{1e9, 1ms});
    a.set_idle_timeout(Milliseconds(50));
    CHECK(message_of<TimeoutError>([&channel = a] { channel.receive<std::uint8_t>(1); }) ==
          "the peer is silent: nothing could be received for 50 ms");
    CHECK(message_of<TimeoutError>([&channel = a] { channel.send(Bytes(30'000'000)); }) ==
          "the peer is silent: nothing could be sent for 50 ms");
  }  // does not wait for ever to deliver the rest
  CHECK(seconds_since(start) < 10);
}

void tcp_connections_have_links_too() {
  const Link link{1e9, 30ms};
  Listener listener("127.0.0.1", 0);
  Channel first = Channel::connect("127.0.0.1", listener.port(), 5s, link);
  Channel second = listener.accept(5s, link);
  const auto start = Clock::now();
  first.send(Bytes{1});
  first.flush();
  CHECK(second.receive<std::uint8_t>(1) == Bytes{1} && seconds_since(start) >= 0.030);
  second.send(Bytes{2});
  second.flush();
  CHECK(first.receive<std::uint8_t>(1) == Bytes{2} && seconds_since(start) >= 0.060);
}

void measuring_finds_the_link() {
  auto channels = Channel::local_pair(Link{40e6, 10ms});
  std::array<LinkSpeed, 2> found{};
  run_both([&] { found[0] = measure_link(channels.first, 0); },
           [&] { found[1] = measure_link(channels.second, 1); });
  CHECK(found[0].bytes_per_second == found[1].bytes_per_second);
  CHECK(found[0].round_trip_seconds == found[1].round_trip_seconds);
  CHECK(found[0].round_trip_seconds >= 0.020 && found[0].round_trip_seconds < 1);
  CHECK(found[0].bytes_per_second <= 41e6 && found[0].bytes_per_second > 1e6);
}

}  // namespace

int main() {
  measuring_finds_the_link();
  a_round_trip_takes_both_delays();
  bytes_take_their_time_in_both_directions_at_once();
  messages_are_under_way_at_the_same_time();
  what_is_under_way_arrives_after_its_sender_is_gone();
  a_dead_peer_is_noticed();
  a_silent_peer_times_out();
  tcp_connections_have_links_too();
}
