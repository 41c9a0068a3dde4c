#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "duet/channel.h"
#include "duet/errors.h"
#include "duet/prg.h"
#include "scripted_peer.h"
#include "socket.h"
#include "two_party.h"
#include "wire_traces.h"

namespace {

using namespace duet;
using Bytes = std::vector<std::uint8_t>;

Bytes random_bytes(std::size_t count, std::uint64_t seed) {
  Bytes bytes(count);
  Prg({seed, 0}).fill(std::span(bytes));
  return bytes;
}

double seconds_for(const auto& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void messages_arrive_and_are_counted() {
  for (const std::size_t size : {0, 1, 1000, 70'000, 1 << 20, (1 << 20) + 1, 5'000'000}) {
    auto [a, b] = Channel::local_pair();
    const Bytes message = random_bytes(size, size);
    Bytes received(size);
    Bytes any;
    run_both(
        [&, &channel = a] {
          channel.send(message);
          channel.send(message);
          channel.flush();
        },
        [&, &channel = b] {
          channel.receive(received);
          any = channel.receive_any(size);
        });
    CHECK(received == message && any == message);
    CHECK(measured_cost(a, b) == parallel(message_cost(0, size), message_cost(0, size)));
  }
}

void typed_values_and_small_messages() {
  auto [a, b] = Channel::local_pair();
  const std::vector<std::uint64_t> numbers{1, 2, 1'000'000'000'000};

  run_both(
      [&, &channel = a] {
        for (int i = 0; i < 20'000; ++i) channel.send(std::span(numbers));
        channel.flush();
      },
      [&, &channel = b] {
        for (int i = 0; i < 20'000; ++i) {
          CHECK(channel.receive<std::uint64_t>(3) == numbers);
        }
      });
}

void rounds_are_turns_to_receiving() {
  auto channels = Channel::local_pair();
  const Bytes byte(1);
  const auto ask = [&](Channel& channel) { channel.send(byte); };
  const auto hear = [](Channel& channel) { channel.receive<std::uint8_t>(1); };
  run_both(
      [&, &channel = channels.first] {
        ask(channel), ask(channel), hear(channel), hear(channel);
        CHECK(channel.traffic().rounds == 1);
        ask(channel), hear(channel);
        CHECK(channel.traffic().rounds == 2);
        channel.reset_traffic();
        hear(channel);
        CHECK(channel.traffic().rounds == 1 && channel.traffic().bytes_received == 17);
      },
      [&, &channel = channels.second] {
        hear(channel), hear(channel), ask(channel), ask(channel);
        CHECK(channel.traffic().rounds == 1);
        ask(channel), hear(channel);
        ask(channel), channel.flush();
        CHECK(channel.traffic().rounds == 2);
      });
}

void both_may_send_much_at_once(std::pair<Channel, Channel> channels) {
  constexpr std::size_t kSize = 64 << 20;
  const auto party = [&](Channel& channel, std::uint64_t mine, std::uint64_t theirs) {
    channel.send(random_bytes(kSize, mine));
    Bytes received(kSize);
    channel.receive(received);
    CHECK(received == random_bytes(kSize, theirs));
  };
  run_both([&] { party(channels.first, 1, 2); }, [&] { party(channels.second, 2, 1); });
}

void a_dead_peer_is_noticed_at_once() {
  auto waiting = Channel::local_pair();
  std::thread dies([peer = std::move(waiting.second)]() mutable {
    std::this_thread::sleep_for(Milliseconds(50));
    const Channel gone = std::move(peer);
  });
  const double seconds = seconds_for([&] {
    CHECK(message_of<PeerError>([&] { waiting.first.receive<std::uint8_t>(1); }) ==
          "the peer is gone: it closed the connection");
  });
  dies.join();
  CHECK(seconds < 2);

  auto sending = Channel::local_pair();
  { const Channel gone = std::move(sending.second); }
  CHECK(seconds_for(
            [&] { message_of<PeerError>([&] { sending.first.send(Bytes(10'000'000)); }); }) < 2);
}

void a_silent_peer_times_out() {
  auto [a, b] = Channel::local_pair();
  a.set_idle_timeout(Milliseconds(50));
  CHECK(message_of<TimeoutError>([&channel = a] { channel.receive<std::uint8_t>(1); }) ==
        "the peer is silent: nothing could be received for 50 ms");
  CHECK(message_of<TimeoutError>([&channel = a] { channel.send(Bytes(10'000'000)); }) ==
        "the peer is silent: nothing could be sent for 50 ms");
}

// Single bytes now and then are progress, but no message.
void a_trickling_peer_times_out() {
  for (const std::size_t whole : {0, 16}) {  // from the header on, or after it
    int ends[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    Channel channel(make_socket_transport(ends[0], {}));
    channel.set_idle_timeout(Milliseconds(200));
    std::thread trickle([end = ends[1], whole] {
      const Bytes frame{0x44, 0x55, 2, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
      CHECK(::send(end, frame.data(), whole, 0) == static_cast<ssize_t>(whole));
      for (std::size_t i = whole; i < 100; ++i) {
        const std::uint8_t byte = i < frame.size() ? frame[i] : 0;
        if (::send(end, &byte, 1, MSG_NOSIGNAL) != 1) break;
        std::this_thread::sleep_for(Milliseconds(40));
      }
      ::close(end);
    });
    const double seconds = seconds_for([&] {
      CHECK(message_of<TimeoutError>([&] { channel.receive<std::uint8_t>(100); }) ==
            "the peer is too slow: a frame did not get through in time, at an idle timeout of 200 "
            "ms");
    });
    CHECK(seconds < 1);
    { const Channel gone = std::move(channel); }
    trickle.join();
  }
}

struct Header {
  std::uint16_t magic = 0x5544;
  std::uint16_t type = 2;
  std::uint32_t length = 4;
  std::uint64_t sequence = 0;
};

std::string refusal(const std::vector<Header>& frames) {
  Bytes bytes;
  for (const Header& frame : frames) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(&frame);
    bytes.insert(bytes.end(), begin, begin + sizeof frame);
    bytes.resize(bytes.size() + std::min<std::size_t>(frame.length, 100));
  }
  Channel channel(std::make_unique<ScriptedPeer>(bytes));
  return message_of<ProtocolError>([&] { channel.receive<std::uint8_t>(8); });
}

void garbage_is_refused() {
  CHECK(refusal({{.magic = 0x4547}}) == "bad frame: the peer does not speak the Duet protocol");
  CHECK(refusal({{.type = 3}}) == "bad frame: unknown type 3");
  CHECK(refusal({{.length = (1 << 20) + 1}}) == "bad frame: length 1048577");
  CHECK(refusal({{.sequence = 5}}) == "bad frame: number 5 instead of 0");
  CHECK(refusal({{.type = 1}}) == "bad frame: a part of 4 bytes that is not the last");
  CHECK(refusal({{.type = 1, .length = 0}}) == "bad frame: a part of 0 bytes that is not the last");
  CHECK(refusal({{.length = 4}}) == "expected a message of 8 bytes, but the peer's is 4");
  CHECK(refusal({{.length = 9}}) == "expected a message of 8 bytes, but the peer's is 9");
  CHECK(refusal({{.type = 1, .length = 1 << 20}}) ==
        "expected a message of 8 bytes, but the peer's is at least 1048576");

  auto [a, b] = Channel::local_pair();
  a.send(Bytes(100));
  a.flush();
  CHECK(message_of<ProtocolError>([&channel = b] { channel.receive_any(99); }) ==
        "the peer's message is longer than 99 bytes");
}

void digests_see_every_byte() {
  auto [a, b] = Channel::local_pair();
  a.send(Bytes{1, 2, 3});
  check_trace(a, "channel_one_message", 0);
  a.send(Bytes{1, 2, 3});
  check_trace(a, "channel_two_messages", 0);
  a.flush();
  CHECK(b.received_digest() != a.sent_digest());  // nothing has been taken yet
  b.receive<std::uint8_t>(3);
  b.receive_any(3);
  CHECK(b.received_digest() == a.sent_digest());
  CHECK(a.received_digest() == b.sent_digest());
}

std::pair<Channel, Channel> tcp_pair() {
  Listener listener("127.0.0.1", 0);
  Channel first = Channel::connect("127.0.0.1", listener.port(), Milliseconds(2000));
  return {std::move(first), listener.accept(Milliseconds(2000))};
}

void tcp_finds_its_peer() {
  std::uint16_t port = 0;
  {
    Listener listener("127.0.0.1", 0);
    port = listener.port();
    CHECK(message_of<AddressError>([&] { Channel::listen("127.0.0.1", port, Milliseconds(1)); }) ==
          "cannot listen on 127.0.0.1:" + std::to_string(port) + ": the port is already in use");
    CHECK(message_of<TimeoutError>([&] { listener.accept(Milliseconds(10)); }) ==
          "no peer connected to 127.0.0.1:" + std::to_string(port) + " within 10 ms");
  }
  CHECK(message_of<TimeoutError>([&] { Channel::connect("127.0.0.1", port, Milliseconds(50)); }) ==
        "no connection to 127.0.0.1:" + std::to_string(port) + " within 50 ms: Connection refused");
  CHECK(message_of<AddressError>([&] {
          Channel::connect("no host", port, Milliseconds(50));
        }).starts_with("unknown host 'no host': "));

  // The caller may be first: it tries until somebody listens.
  run_both(
      [&] {
        Channel channel = Channel::connect("127.0.0.1", port, Milliseconds(5000));
        channel.send(Bytes{42});
        channel.flush();
      },
      [&] {
        std::this_thread::sleep_for(Milliseconds(60));
        Channel channel = Channel::listen("127.0.0.1", port, Milliseconds(5000));
        CHECK(channel.receive<std::uint8_t>(1) == Bytes{42});
      });
}

void both_ends_have_addresses() {
  Listener listener("127.0.0.1", 0);
  const auto there = connect_transport("127.0.0.1", listener.port(), Milliseconds(5000));
  const auto here = listener.accept_transport(Milliseconds(5000));
  for (const auto* end : {&there, &here}) {
    CHECK((*end)->local_host() == "127.0.0.1" && (*end)->peer_host() == "127.0.0.1");
  }
  const auto [a, b] = Channel::local_pair();
  CHECK(a.local_host() == "127.0.0.1" && b.peer_host() == "127.0.0.1");
}

}  // namespace

int main() {
  messages_arrive_and_are_counted();
  typed_values_and_small_messages();
  rounds_are_turns_to_receiving();
  both_may_send_much_at_once(Channel::local_pair());
  both_may_send_much_at_once(tcp_pair());
  a_dead_peer_is_noticed_at_once();
  a_silent_peer_times_out();
  a_trickling_peer_times_out();
  garbage_is_refused();
  digests_see_every_byte();
  tcp_finds_its_peer();
  both_ends_have_addresses();
}
