// The session's stream and the framework's graphs over one connection.
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../src/carrier.h"
#include "../src/layer_transport.h"
#include "base_ots.h"
#include "communication/message.h"
#include "duet/errors.h"
#include "duet/open_arith.h"
#include "ezmotion/connection.h"
#include "ezmotion/operations.h"
#include "two_servers.h"

namespace {

using namespace ezmotion;
using duet::Milliseconds;

constexpr Milliseconds kPatience{4000};

std::array<std::unique_ptr<Carrier>, 2> carriers() {
  duet::Listener listener("127.0.0.1", 0);
  auto caller = duet::connect_transport("127.0.0.1", listener.port(), kPatience);
  auto answerer = listener.accept_transport(kPatience);
  return {
      std::make_unique<Carrier>(0, std::make_unique<Transport>(std::move(caller), kPatience)),
      std::make_unique<Carrier>(1, std::make_unique<Transport>(std::move(answerer), kPatience))};
}

// A server with one connection; the session goes before its carrier.
struct One {
  One(int party, std::unique_ptr<Carrier> on)
      : carrier(std::move(on)), session(started(*carrier), party, duet::Randomness::os(), {1, 2}) {}

  static duet::Channel started(Carrier& carrier) {
    duet::Channel channel(carrier.session_stream());
    carrier.start();
    channel.set_idle_timeout(kPatience);
    return channel;
  }

  std::unique_ptr<Carrier> carrier;
  duet::Session session;
};

struct Pair {
  Pair() {
    auto both = carriers();
    for (const int party : {0, 1}) {
      const auto i = static_cast<std::size_t>(party);
      servers[i] = std::make_unique<One>(party, std::move(both[i]));
    }
  }
  One& operator[](int party) { return *servers[static_cast<std::size_t>(party)]; }

  std::array<std::unique_ptr<One>, 2> servers;
};

std::vector<std::uint8_t> pattern(std::size_t size, unsigned seed) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>((i * 2654435761U + seed) >> 7);
  }
  return bytes;
}

void messages_arrive_whole_and_in_order() {
  Pair pair;
  TwoServers::both([&](int party) {
    duet::Channel& channel = pair[party].session.channel();
    const auto mine = static_cast<unsigned>(party);
    const auto other = 1 - mine;
    // Both send more than any buffer holds before they receive, and pieces end within messages.
    for (unsigned i = 0; i < 3; ++i) channel.send(pattern(5'000'001, 10 * mine + i));
    for (unsigned i = 0; i < 200; ++i) channel.send(pattern(i, 10 * mine + i));
    for (unsigned i = 0; i < 3; ++i) {
      CHECK(channel.receive_any(6'000'000) == pattern(5'000'001, 10 * other + i));
    }
    for (unsigned i = 0; i < 200; ++i)
      CHECK(channel.receive_any(200) == pattern(i, 10 * other + i));
  });
}

void a_graph_and_openings_share_the_connection() {
  Pair pair;
  const Tensor<Ring> x = random_tensor(Shape{100}, 5);
  TwoServers::both([&](int party) {
    duet::Session& session = pair[party].session;
    Connection connection(session, *pair[party].carrier);
    BaseOts base_ots;
    for (const MPCProtocol arithmetic : kProtocols) {
      for (int i = 0; i < 2; ++i) {
        const Tensors y = TwoServers::run(
            connection, base_ots, arithmetic, {duet::public_share(x, party)},
            [](Backend& backend, const TensorCPs& t) -> TensorCPs {
              const TensorCP garbled = backend.convert(MPCProtocol::Yao, t[0]);
              const TensorCP back = backend.convert(MPCProtocol::ArithmeticGMW, garbled);
              return {make_opening_op(backend, make_square_sum_op(backend, back))};
            });
        CHECK(equal(y[0], duet::sum(duet::mul(x, x), {x.shape.size() - 1})));
      }
    }
  });
}

// The channel counts its own bytes and the framework the rest: nothing twice, nothing left out.
void every_byte_is_counted_once() {
  Pair pair;
  TwoServers::both([&](int party) {
    duet::Session& session = pair[party].session;
    Connection connection(session, *pair[party].carrier);
    BaseOts base_ots;
    TwoServers::run(connection, base_ots, MPCProtocol::ArithmeticGMW, {Tensor<Ring>(Shape{50})},
                    [](Backend& backend, const TensorCPs& t) -> TensorCPs {
                      return {make_square_sum_op(backend, t[0])};
                    });
    const std::vector<std::uint8_t> message = pattern(3'000'000, 1);
    session.channel().send(message);
    CHECK(session.channel().receive_any(message.size()) == message);
  });
  const auto below = [&](int party) -> Transport& { return pair[party].carrier->transport(); };
  for (const int party : {0, 1}) {
    // The last messages of the framework's own may still be on their way.
    for (int i = 0; i < 200; ++i) {
      if (below(party).all_bytes_sent() == below(1 - party).all_bytes_received()) break;
      std::this_thread::sleep_for(Milliseconds(10));
    }
    CHECK(below(party).all_bytes_sent() == below(1 - party).all_bytes_received());
  }
  for (const int party : {0, 1}) {
    const duet::Traffic& channel = pair[party].session.channel().traffic();
    const auto framework = below(party).get_stats();
    CHECK(channel.bytes_sent > 3'000'000);
    CHECK(framework.num_bytes_sent > 1000 && framework.num_bytes_sent < 1'000'000);
    CHECK(channel.bytes_sent + framework.num_bytes_sent == below(party).all_bytes_sent());
    CHECK(channel.bytes_received + framework.num_bytes_received ==
          below(party).all_bytes_received());
  }
  // None of the session's pieces is a message or a round of the framework's.
  const auto before = below(0).get_stats();
  const std::uint64_t rounds = below(0).rounds();
  for (unsigned i = 0; i < 50; ++i) {
    pair[static_cast<int>(i % 2)].session.channel().send(pattern(100, i));
    pair[static_cast<int>(i % 2)].session.channel().flush();
    CHECK(pair[static_cast<int>(1 - i % 2)].session.channel().receive_any(100) == pattern(100, i));
  }
  CHECK(below(0).get_stats().num_messages_sent == before.num_messages_sent);
  CHECK(below(0).get_stats().num_messages_received == before.num_messages_received);
  CHECK(below(0).rounds() == rounds);
}

void what_came_before_the_end_is_read() {
  Pair pair;
  pair[1].session.channel().send(pattern(100'000, 3));
  pair[1].session.channel().flush();
  pair.servers[1].reset();
  CHECK(pair[0].session.channel().receive_any(200'000) == pattern(100'000, 3));
  message_of<duet::PeerError>([&] { pair[0].session.channel().receive_any(10); });
  message_of<duet::PeerError>([&] {
    pair[0].session.channel().send(pattern(10, 1));
    pair[0].session.channel().flush();
  });
}

// The end of the connection is noticed at once, not after the time-out.
void a_lost_peer_ends_the_wait() {
  Pair pair;
  const auto started = std::chrono::steady_clock::now();
  std::thread later([&] {
    std::this_thread::sleep_for(Milliseconds(200));
    pair.servers[1].reset();
  });
  message_of<duet::PeerError>([&] { pair[0].session.channel().receive_any(10); });
  later.join();
  CHECK(std::chrono::steady_clock::now() - started < kPatience / 2);
}

void a_silent_peer_is_a_timeout() {
  Pair pair;
  pair[0].session.channel().set_idle_timeout(Milliseconds(300));
  const std::string text =
      message_of<duet::TimeoutError>([&] { pair[0].session.channel().receive_any(10); });
  CHECK(text.find("300 ms") != std::string::npos);
}

void empty_messages_are_nothing() {
  Pair pair;
  pair[1].carrier->layer().broadcast_message(
      MOTION::Communication::BuildMessage(kSessionMessage, nullptr));
  pair[1].session.channel().send(pattern(7, 2));
  pair[1].session.channel().flush();
  CHECK(pair[0].session.channel().receive_any(7) == pattern(7, 2));
}

void a_connection_that_never_started_can_go() {
  auto both = carriers();
  const auto stream = both[0]->session_stream();
}

}  // namespace

int main() {
  messages_arrive_whole_and_in_order();
  a_graph_and_openings_share_the_connection();
  every_byte_is_counted_once();
  what_came_before_the_end_is_read();
  a_lost_peer_ends_the_wait();
  a_silent_peer_is_a_timeout();
  empty_messages_are_nothing();
  a_connection_that_never_started_can_go();
}
