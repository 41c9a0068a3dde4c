#include <sys/socket.h>

#include <string>

#include "duet/agreement.h"
#include "duet/confirm_round.h"
#include "duet/errors.h"
#include "duet/exchange.h"
#include "protocol.h"
#include "socket.h"

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
  both.run(Exchange::online_cost(2), [&](Session& s, std::size_t p) {
    const std::array<std::uint8_t, 2> mine{static_cast<std::uint8_t>(p), 7};
    const std::vector<std::uint8_t> other = Exchange::run(s, mine, 2);
    CHECK((other == std::vector<std::uint8_t>{static_cast<std::uint8_t>(1 - p), 7}));
    CHECK(s.stats(Phase::kAgreement).traffic.messages_sent == 1);
    CHECK(s.stats(Phase::kOnline).traffic.messages_sent == 0);
  });
}

// A connection that inverts one bit of what is sent.
class Flipping : public Transport {
 public:
  Flipping(std::unique_ptr<Transport> transport, std::size_t position)
      : transport_(std::move(transport)), position_(position) {}

  std::size_t write_some(std::span<const std::uint8_t> bytes) override {
    std::vector<std::uint8_t> altered(bytes.begin(), bytes.end());
    if (position_ >= done_ && position_ < done_ + altered.size()) altered[position_ - done_] ^= 4;
    const std::size_t written = transport_->write_some(altered);
    done_ += written;
    return written;
  }
  std::size_t read_some(std::span<std::uint8_t> bytes) override {
    return transport_->read_some(bytes);
  }
  bool wait(bool or_write, Milliseconds timeout) override {
    return transport_->wait(or_write, timeout);
  }
  std::string local_host() const override { return transport_->local_host(); }
  std::string peer_host() const override { return transport_->peer_host(); }

 private:
  std::unique_ptr<Transport> transport_;
  std::size_t position_;
  std::size_t done_ = 0;
};

constexpr std::size_t kUntouched = 1000;

// Both servers send 8 bytes each and confirm with the results given; what each says of it.
std::array<std::string, 2> confirmed(std::size_t flipped, const Digest& first,
                                     const Digest& second) {
  int ends[2];
  CHECK(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  Session a(Channel(std::make_unique<Flipping>(make_socket_transport(ends[0], {}), flipped)), 0,
            Randomness::for_tests({1, 0}), kTestNonce);
  Session b(Channel(make_socket_transport(ends[1], {})), 1, Randomness::for_tests({2, 0}),
            kTestNonce);
  std::array<std::string, 2> said;
  const auto round = [](Session& session, const Digest& results, std::string& text) {
    session.channel().send(std::array<std::uint8_t, 8>{});
    session.channel().receive<std::uint8_t>(8);
    try {
      ConfirmRound::run(session, results);
    } catch (const AgreementError& error) {
      text = error.what();
    }
  };
  run_both([&] { round(a, first, said[0]); }, [&] { round(b, second, said[1]); });
  return said;
}

bool says(const std::string& text, const std::string& what) {
  return text.starts_with("the two servers differ in " + what + ": something was altered");
}

void a_round_is_confirmed() {
  Sessions both;
  both.run(ConfirmRound::online_cost(), [&](Session& s, std::size_t) {
    s.begin(Phase::kOnline);
    s.end();
    ConfirmRound::run(s, Digest{7});
    CHECK(s.stats(Phase::kOnline).traffic.bytes_sent == 16 + 96);
    CHECK(s.stats(Phase::kOnline).traffic.rounds == 1);
  });
  CHECK(confirmed(kUntouched, Digest{1}, Digest{1}) == (std::array<std::string, 2>{}));
}

void differences_are_named_at_both_servers() {
  for (const std::string& text : confirmed(kUntouched, Digest{1}, Digest{2})) {
    CHECK(says(text, "the results"));
  }
  // A bit of what the first has sent; the frame's header ends at 16.
  const auto [sender, receiver] = confirmed(19, Digest{1}, Digest{1});
  CHECK(says(sender, "what this server sent and what the other received"));
  CHECK(says(receiver, "what this server received and what the other sent"));
  // A bit of the confirmation itself, where the digest of what was received lies.
  CHECK(says(confirmed(24 + 16 + 40, Digest{1}, Digest{1})[1],
             "what this server sent and what the other received"));
}

}  // namespace

int main() {
  messages_are_exchanged_in_a_phase_of_their_own();
  a_round_is_confirmed();
  differences_are_named_at_both_servers();
  equal_values_pass();
  different_values_are_refused();
}
