// Many graphs on one connection, statistics, and what happens when the other server fails.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>

#include "duet/errors.h"
#include "ezmotion/connection.h"
#include "ezmotion/graph.h"
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
  Graph graph(connection, Arithmetic::kGmw);
  const Arith y = graph.square(graph.input(Tensor<Ring>(Shape{elements})));
  graph.run();
}

void completes(duet::Session& session) {
  Connection connection(session);
  work(connection, 5000);
  work(connection, 5000);
}

void dies_before_its_round(duet::Session& session) {
  Connection connection(session);
  work(connection, 5000);
  Graph graph(connection, Arithmetic::kGmw);
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
  ::sleep(8);
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
    const End middle = end_of_survivor(dies_in_the_middle, works_for_long, party, 8);
    CHECK(middle.exit_code == 70 && middle.text == kClosed);
    const End silent = end_of_survivor(falls_silent, works_on_and_on, party, 8);
    CHECK(silent.exit_code == 70 && silent.text == kSilent);
    // Here the other one may be between two rounds, or in one.
    for (const Part victim : {dies_before_its_round, fails_in_its_round}) {
      const End end = end_of_survivor(victim, works_on_and_on, party, 8);
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

void statistics_are_plausible() {
  for (const bool tcp : {false, true}) {
    TwoServers servers(tcp ? tcp_pair() : duet::Channel::local_pair());
    std::array<duet::PhaseStats, 2> setup;
    std::array<duet::PhaseStats, 2> online;
    for (const std::size_t elements : {100, 1000}) {
      std::array<double, 2> wall{};
      TwoServers::both([&](int party) {
        const auto i = static_cast<std::size_t>(party);
        duet::Session& session = servers.session(party);
        const auto begin = std::chrono::steady_clock::now();
        session.begin(duet::Phase::kSetup);
        session.end();
        session.begin(duet::Phase::kOnline);
        for (int k = 0; k < 3; ++k) work(servers.connection(party), elements);
        session.end();
        wall[i] = Seconds(std::chrono::steady_clock::now() - begin).count();
        setup[i] = session.stats(duet::Phase::kSetup);
        online[i] = session.stats(duet::Phase::kOnline);
      });
      // What a square takes at least: 64 oblivious transfers with 128 bits each, in one direction.
      const double least = 3 * static_cast<double>(elements) * 64 * 16;
      for (const std::size_t i : {0UL, 1UL}) {
        const duet::Traffic& mine = online[i].traffic;
        const duet::Traffic& other = online[1 - i].traffic;
        const auto bytes = static_cast<double>(mine.bytes_sent + mine.bytes_received);
        CHECK(bytes > least && bytes < 4 * least + 2e6);
        // The last message of a graph, which synchronises, may be counted with the next one.
        CHECK(mine.bytes_sent <= other.bytes_received + 100);
        CHECK(other.bytes_received <= mine.bytes_sent + 100);
        // Many small ones in the base oblivious transfers, in both directions at once.
        CHECK(mine.messages_sent >= 9 && mine.messages_sent < 2000);
        CHECK(mine.rounds >= 6 && mine.rounds <= mine.messages_received);
        CHECK(setup[i].wall_seconds > 0 && online[i].wall_seconds > 0);
        const double sum = setup[i].wall_seconds + online[i].wall_seconds;
        CHECK(sum <= wall[i] + 1e-3 && sum > 0.8 * wall[i]);
        CHECK(online[i].cpu_seconds > 0);
      }
    }
  }
}

void programs_connect_once() {
  struct Sum final : Program {
    const char* name() const override { return "sum"; }
    Tensors online(Session& session, const ClientShares& shares, const Tensors& publics) override {
      agree(session, publics);
      Graph graph(connection(), Arithmetic::kGmw);
      const Arith y = graph.square(graph.input(shares.at(0)));
      graph.run();
      return {open(session, graph.share(y))};
    }
    std::vector<Opened> reveal(Session&, const std::vector<unsigned>&) override { return {}; }
  };
  auto channels = duet::Channel::local_pair();
  duet::Session first(std::move(channels.first), 0, duet::Randomness::os(), duet::Block{});
  duet::Session second(std::move(channels.second), 1, duet::Randomness::os(), duet::Block{});
  TwoServers::both([&](int party) {
    duet::Session& session = party == 0 ? first : second;
    Sum program;
    for (Ring round = 1; round < 4; ++round) {
      program.setup(session, 2);
      const Tensor<Ring> x(Shape{2}, {round, ~round});
      const Tensors publics = {Tensor<Ring>(Shape{}, {5U})};
      const Tensors y = program.online(session, {duet::public_share(x, party)}, publics);
      CHECK(equal(y.at(0), duet::mul(x, x)));
    }
    program.setup(session, 2);
    const Tensors differing = {Tensor<Ring>(Shape{}, {static_cast<Ring>(party)})};
    message_of<duet::MismatchError>([&] { agree(session, differing); });
  });
}

}  // namespace

int main() {
  both_may_leave_at_once();
  a_lost_server_ends_the_other();
  an_exception_in_a_round_ends_the_process();
  a_closed_connection_is_an_error_at_next_use();
  statistics_are_plausible();
  programs_connect_once();
}
