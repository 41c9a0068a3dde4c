// Many graphs on one connection, statistics, and what happens when the other server fails.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>

#include "duet/errors.h"
#include "ezmotion/connection.h"
#include "ezmotion/program.h"
#include "two_servers.h"

namespace {

using namespace ezmotion;
using Seconds = std::chrono::duration<double>;

// Ends, with an exit code, in a process of its own; keeps what it writes to stderr.
struct Child {
  pid_t pid = 0;
  int errors = -1;

  int exit_code() const {
    int status = 0;
    CHECK(::waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string text() const {
    std::string all;
    char buffer[256];
    for (ssize_t count; (count = ::read(errors, buffer, sizeof buffer)) > 0;) {
      all.append(buffer, static_cast<std::size_t>(count));
    }
    ::close(errors);
    return all;
  }
};

using Part = void (*)(duet::Session&);

// Both servers as processes: only then one can go without the other. To be called before this
// process has threads.
std::array<Child, 2> start(Part part_0, Part part_1, duet::Milliseconds idle_timeout) {
  auto channels = duet::Channel::local_pair();
  std::array<Child, 2> children;
  for (const int party : {0, 1}) {
    int pipe[2];
    CHECK(::pipe(pipe) == 0);
    const pid_t pid = ::fork();
    CHECK(pid >= 0);
    if (pid == 0) {
      ::dup2(pipe[1], STDERR_FILENO);
      ::close(pipe[0]);
      ::close(pipe[1]);
      duet::Channel mine = std::move(party == 0 ? channels.first : channels.second);
      { const duet::Channel other = std::move(party == 0 ? channels.second : channels.first); }
      mine.set_idle_timeout(idle_timeout);
      try {
        duet::Session session(std::move(mine), party, duet::Randomness::os(), duet::Block{});
        (party == 0 ? part_0 : part_1)(session);
      } catch (const duet::Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        ::_exit(1);
      }
      ::_exit(0);
    }
    ::close(pipe[1]);
    children[static_cast<std::size_t>(party)] = {pid, pipe[0]};
  }
  return children;
}

// Both servers must build the same graph, also in the tests of failures.
void work(Connection& connection, std::size_t elements) {
  BaseOts base_ots;
  TwoServers::run(connection, base_ots, MPCProtocol::ArithmeticGMW, {Tensor<Ring>(Shape{elements})},
                  [](Backend& backend, const TensorCPs& x) {
                    const TensorCP garbled = backend.convert(MPCProtocol::Yao, x[0]);
                    return TensorCPs{backend.convert(MPCProtocol::ArithmeticGMW, garbled)};
                  });
}

void completes(duet::Session& session) {
  Connection connection(session);
  work(connection, 5000);
  work(connection, 5000);
}

void dies_before_its_round(duet::Session& session) {
  Connection connection(session);
  work(connection, 5000);
  const Backend backend(connection, MPCProtocol::ArithmeticGMW, 1);
  ::raise(SIGKILL);
}

void works_on_and_on(duet::Session& session) {
  Connection connection(session);
  for (int i = 0; i < 1000; ++i) work(connection, 5000);
}

void works_for_long(duet::Session& session) {
  Connection connection(session);
  work(connection, 60'000);
}

void dies_in_the_middle(duet::Session& session) {
  Connection connection(session);
  ::ualarm(700'000, 0);  // SIGALRM ends the process
  work(connection, 60'000);
}

void falls_silent(duet::Session& session) {
  Connection connection(session);
  work(connection, 5000);
  ::sleep(15);
  ::_exit(0);
}

void fails_in_its_round(duet::Session& session) {
  Connection connection(session);
  const Connection::Watch watch(connection);
  throw duet::Error("of its own");
}

void leaves_in_order(duet::Session& session) {
  Connection connection(session);
  work(connection, 5000);
}

void comes_back_later(duet::Session& session) {
  Connection connection(session);
  work(connection, 5000);
  ::sleep(1);
  work(connection, 5000);
}

void both_may_leave_at_once() {
  for (int i = 0; i < 5; ++i) {
    for (const Child& child : start(completes, completes, duet::Milliseconds(20'000))) {
      CHECK(child.exit_code() == 0);
      CHECK(child.text().empty());
    }
  }
}

constexpr const char* kClosed =
    "MOTION2NX: the other server has closed the connection in the middle of a round\n";
constexpr const char* kSilent = "MOTION2NX: nothing was heard of the other server for too long\n";
constexpr const char* kGone = "the peer is gone: it has closed the connection for MOTION2NX\n";

struct End {
  int exit_code;
  std::string text;
};

// How the other server ends, which must be within `limit`.
End end_of_survivor(Part victim, Part other, int survivor, double limit) {
  const auto begin = std::chrono::steady_clock::now();
  const auto children = survivor == 1 ? start(victim, other, duet::Milliseconds(3000))
                                      : start(other, victim, duet::Milliseconds(3000));
  const Child& witness = children[static_cast<std::size_t>(survivor)];
  const Child& dead = children[static_cast<std::size_t>(1 - survivor)];
  const int code = witness.exit_code();
  const double took = Seconds(std::chrono::steady_clock::now() - begin).count();
  const End end{code, witness.text()};
  dead.exit_code();
  dead.text();
  std::fprintf(stderr, "%d after %.1f s: %s", end.exit_code, took, end.text.c_str());
  CHECK(took < limit);
  return end;
}

void a_lost_server_ends_the_other() {
  for (const int party : {0, 1}) {
    const End middle = end_of_survivor(dies_in_the_middle, works_for_long, party, 14);
    CHECK(middle.exit_code == 70 && middle.text == kClosed);
    const End silent = end_of_survivor(falls_silent, works_on_and_on, party, 14);
    CHECK(silent.exit_code == 70 && silent.text == kSilent);
    // Here the other one may be between two rounds, or in one.
    for (const Part victim : {dies_before_its_round, fails_in_its_round}) {
      const End end = end_of_survivor(victim, works_on_and_on, party, 14);
      CHECK((end.exit_code == 70 && end.text == kClosed) ||
            (end.exit_code == 1 && end.text == kGone));
    }
  }
}

void an_exception_in_a_round_ends_the_process() {
  const auto children = start(fails_in_its_round, works_for_long, duet::Milliseconds(3000));
  CHECK(children[0].exit_code() == 70);
  CHECK(children[0].text() == "MOTION2NX: the framework failed in the middle of a round\n");
  children[1].exit_code();
  children[1].text();
}

// Between rounds a closed connection is noticed when it is used again, as an ordinary error.
void a_closed_connection_is_an_error_at_next_use() {
  for (const int party : {0, 1}) {
    const auto children = party == 1
                              ? start(leaves_in_order, comes_back_later, duet::Milliseconds(3000))
                              : start(comes_back_later, leaves_in_order, duet::Milliseconds(3000));
    const Child& late = children[static_cast<std::size_t>(party)];
    const Child& gone = children[static_cast<std::size_t>(1 - party)];
    CHECK(gone.exit_code() == 0);
    CHECK(gone.text().empty());
    CHECK(late.exit_code() == 1);
    CHECK(late.text() == kGone);
  }
}

// x², and a garbled x, of the clients' values.
struct Squares final : Program {
  using Program::Program;
  const char* name() const override { return "squares"; }
  Outputs build(Backend& backend, std::size_t n) const override {
    const TensorCP x = backend.add_share_input(0, Shape{n, 3});
    const TensorCP factor = backend.add_public_input(0, Shape{});
    const TensorCP squares = make_square_sum_op(backend, backend.convert(backend.arithmetic(), x));
    const TensorCP garbled = backend.convert(MPCProtocol::Yao, x);
    const TensorCP times = make_linear_op(backend, {squares, factor}, Shape{n},
                                          [](const Tensors& t) { return duet::mul(t[0], t[1]); });
    return {.counts = {make_opening_op(backend, squares)},
            .results = {{times, kExact},
                        {backend.convert(MPCProtocol::ArithmeticGMW, garbled), kExact},
                        {factor, kPublic}}};
  }
};

void programs_run_again_and_again() {
  for (const MPCProtocol arithmetic : kProtocols) {
    auto channels = tcp_pair();
    duet::Session first(std::move(channels.first), 0, duet::Randomness::os(), duet::Block{});
    duet::Session second(std::move(channels.second), 1, duet::Randomness::os(), duet::Block{});
    std::array<std::array<duet::PhaseStats, 4>, 2> setup;
    std::array<std::array<duet::PhaseStats, 4>, 2> online;
    TwoServers::both([&](int party) {
      const auto i = static_cast<std::size_t>(party);
      duet::Session& session = party == 0 ? first : second;
      Squares program(arithmetic);
      for (std::size_t round = 0; round < 4; ++round) {
        const std::size_t n = 2 + round;
        const auto begin = std::chrono::steady_clock::now();
        session.begin(duet::Phase::kSetup);
        program.setup(session, n);
        session.end();
        Tensor<Ring> x(Shape{n, 3});
        for (std::size_t k = 0; k < x.size(); ++k) x.data[k] = k + round;
        const Tensors publics = {Tensor<Ring>(Shape{}, {5U})};
        session.begin(duet::Phase::kOnline);
        const Tensors counts = program.online(session, {duet::public_share(x, party)}, publics);
        const std::vector<Opened> opened = program.reveal(session, {});
        session.end();
        const double wall = Seconds(std::chrono::steady_clock::now() - begin).count();
        const Tensor<Ring> squares = duet::sum(duet::mul(x, x), {1});
        CHECK(equal(counts.at(0), squares));
        CHECK(equal(opened.at(0).value, duet::mul(squares, publics[0])));
        CHECK(equal(opened.at(1).value, x));
        CHECK(equal(opened.at(2).value, publics[0]) && opened.at(2).bits == 0);
        setup[i][round] = session.stats(duet::Phase::kSetup);
        online[i][round] = session.stats(duet::Phase::kOnline);
        const double sum = setup[i][round].wall_seconds + online[i][round].wall_seconds;
        CHECK(sum <= wall + 1e-3 && sum > 0.8 * wall);
      }
      // The setup serves one round, and both servers must hold the same public values.
      message_of<std::logic_error>([&] { program.online(session, {}, {}); });
      program.setup(session, 2);
      const Tensors differing = {Tensor<Ring>(Shape{}, {static_cast<Ring>(party)})};
      message_of<duet::MismatchError>([&] {
        program.online(session, {Tensor<Ring>(Shape{2, 3})}, differing);
      });
    });
    for (const std::size_t i : {0UL, 1UL}) {
      std::uint64_t sent = 0;
      std::uint64_t received = 0;  // by the other one, whose phases may end a little later
      for (std::size_t round = 0; round < 4; ++round) {
        for (const auto& phase : {setup, online}) {
          sent += phase[i][round].traffic.bytes_sent;
          received += phase[1 - i][round].traffic.bytes_received;
          CHECK(phase[i][round].traffic.messages_sent > 0 && phase[i][round].traffic.rounds > 0);
        }
        // Garbled tables go before there are inputs; of 6 elements at least, two conversions with
        // 63 gates. Of masked values, labels do, too, but for the garbler's.
        CHECK(i == 1 || setup[0][round].traffic.bytes_sent > 2 * 6 * 63 * 32);
        if (i == 0 && arithmetic == MPCProtocol::ArithmeticBEAVY) {
          CHECK(2 * online[0][round].traffic.bytes_sent < setup[0][round].traffic.bytes_sent);
        }
      }
      // But for the message that ends the last phase.
      CHECK(sent <= received + 200 && received <= sent + 200);
      // Base oblivious transfers are made once: 128 public keys of 32 bytes in each direction.
      CHECK(setup[i][0].traffic.messages_sent > setup[i][1].traffic.messages_sent + 100);
    }
  }
}

// Values of more elements than the framework converts at once: an error like any other, after which
// both servers go on.
void what_cannot_be_built_is_an_error() {
  struct Large final : Program {
    using Program::Program;
    const char* name() const override { return "large"; }
    Outputs build(Backend& backend, std::size_t n) const override {
      const TensorCP x = backend.add_share_input(0, Shape{n, 500'001});
      return {.counts = {}, .results = {{backend.convert(MPCProtocol::Yao, x), kExact}}};
    }
  };
  auto channels = duet::Channel::local_pair();
  duet::Session first(std::move(channels.first), 0, duet::Randomness::os(), duet::Block{});
  duet::Session second(std::move(channels.second), 1, duet::Randomness::os(), duet::Block{});
  TwoServers::both([&](int party) {
    Large program(MPCProtocol::ArithmeticGMW);
    for (int round = 0; round < 2; ++round) {
      CHECK(message_of<duet::Error>([&] { program.setup(party == 0 ? first : second, 2); }) ==
            "MOTION2NX converts 1000000 elements at once, not 1000002");
    }
  });
}

}  // namespace

int main() {
  both_may_leave_at_once();
  a_lost_server_ends_the_other();
  an_exception_in_a_round_ends_the_process();
  a_closed_connection_is_an_error_at_next_use();
  programs_run_again_and_again();
  what_cannot_be_built_is_an_error();
}
