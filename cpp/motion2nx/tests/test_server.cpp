// What a server by itself opens, and when: both as processes, with a program that notes what is
// asked of it.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "../src/round_file.h"
#include "duet/channel.h"
#include "duet/errors.h"
#include "duet/proof.h"
#include "ezmotion/server.h"
#include "two_servers.h"

namespace {

using namespace ezmotion;

const std::string kHash(64, 'c');

constexpr std::size_t kManyClients = 160;
constexpr duet::Milliseconds kPatience(10'000);

// What servers see differently, as if something had been altered between the two: server 1 of what
// is opened, or each of the clients that the other has uploads of.
enum class Altered { kNothing, kClients, kCounts, kResults };
Altered altered = Altered::kNothing;

// Clients share a flag, which is opened as a count, and a number. The result is the sum of all
// numbers, and of a public value.
struct Noting final : Program {
  using Program::Program;

  const char* name() const override { return "noting"; }

  Outputs build(Backend& backend, std::size_t n) const override {
    const int party = backend.party();
    const TensorCP flags = make_opening_op(backend, backend.add_share_input(0, Shape{n}));
    const TensorCP first = make_linear_op(backend, {flags}, Shape{1}, [](const Tensors& x) {
      return duet::slice(x[0], {0}, {1}, {1});
    });
    const TensorCP numbers = backend.add_share_input(1, Shape{n});
    const TensorCP sum =
        make_linear_op(backend, {numbers, backend.add_public_input(0, Shape{})}, Shape{},
                       [party](const Tensors& x) {
                         return duet::add(duet::sum(x[0], {0}), duet::public_share(x[1], party));
                       });
    return {.counts = {flags, first}, .results = {{sum, kExact}}};
  }

  Tensors online(Session& session, const ClientShares& shares, const Tensors& publics) override {
    std::printf("online %zu\n", shares.clients());
    Tensors counts = Program::online(session, shares, publics);
    if (altered == Altered::kCounts && session.party() == 1) counts[0].data[1] = 1;
    return counts;
  }

  std::vector<Opened> reveal(Session& session, const std::vector<unsigned>& lowest) override {
    std::printf("reveal\n");
    std::vector<Opened> opened = Program::reveal(session, lowest);
    if (altered == Altered::kResults && session.party() == 1) opened[0].value.data[0] += 1;
    return opened;
  }
};

Terms terms() {
  return {.name = "noting",
          .hash = kHash,
          .min_clients = 2,
          .max_clients = 9,
          .exact = false,
          .drops = true,
          .checks = {{"its flag is set", "all flags are set"}, {"", "the first flag is set"}},
          .outputs = {{"sum", 0}}};
}

struct Ending {
  int code;
  std::string notes;
  std::string results;  // names of the files
  std::string errors;
};

std::string text_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::uint16_t free_port() { return duet::Listener("127.0.0.1", 0).port(); }

class Folder {
 public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "ezmotion-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Public values 100, 200, ... for 1, 2, ... clients: each round has those of the clients that are
// left.
std::string round_text(std::size_t clients) {
  std::ostringstream text;
  text << R"({"format": 1, "program": ")" << kHash << R"(", "round": ")" << std::string(32, '5')
       << R"(", "clients": )" << clients << R"(, "layout": {"vectors": [[1, 64, 0], [1, 64, 0]],)"
       << R"( "statements": [], "products": [], "unit_sums": []}, "inputs": [)"
       << R"({"vector": 0, "entry": 0, "shape": []}, {"vector": 1, "entry": 1, "shape": []}],)"
       << R"( "products": [], "publics": [)";
  for (std::size_t i = 1; i <= clients; ++i) {
    const Ring value = 100 * i;
    const std::string data =
        hexadecimal({reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
    text << (i == 1 ? "" : ", ") << R"({"values": [{"shape": [], "data": ")" << data
         << R"("}], "lowest": [0]})";
  }
  text << R"(], "by_clients": [)";
  for (std::size_t i = 1; i <= clients; ++i) {
    text << (i == 1 ? "" : ", ") << "[" << i << ", " << i - 1 << "]";
  }
  text << "]}";
  return text.str();
}

void write_upload(const std::string& folder, const Round& round, std::size_t client,
                  std::span<const std::uint8_t> payload) {
  std::filesystem::create_directories(folder);
  std::ofstream stream(folder + "/client-" + std::to_string(client) + ".share", std::ios::binary);
  const std::uint64_t number = client;
  stream << "ezshare1";
  stream.write(reinterpret_cast<const char*>(round.id.data()), 16);
  stream.write(reinterpret_cast<const char*>(&number), 8);
  stream.write(reinterpret_cast<const char*>(payload.data()),
               static_cast<std::streamsize>(payload.size()));
}

// Passes on what there is to read, and says whether there was anything. Of a message that has a bit
// for each of many clients, it clears one bit: in each direction that of another client.
bool pass_on(duet::Transport& from, duet::Transport& to, std::ptrdiff_t place) {
  std::vector<std::uint8_t> bytes(1 << 16);
  bytes.resize(from.read_some(bytes));
  const auto all = std::search_n(bytes.begin(), bytes.end(), kManyClients / 8, 0xff);
  if (all != bytes.end()) all[place] = 0x7f;
  std::span<const std::uint8_t> rest(bytes);
  while (!rest.empty()) {
    const std::size_t count = to.write_some(rest);
    rest = rest.subspan(count);
    if (count == 0) CHECK(to.wait(true, kPatience));
  }
  return !bytes.empty();
}

// Stands between the servers until one hangs up.
void relay(duet::Listener& for_server_1, std::uint16_t server_0) {
  try {
    const auto one = for_server_1.accept_transport(kPatience);
    const auto zero = duet::connect_transport("127.0.0.1", server_0, kPatience);
    while (true) {
      const bool up = pass_on(*one, *zero, 1);
      const bool down = pass_on(*zero, *one, 2);
      if (!up && !down) one->wait(false, duet::Milliseconds(1));
    }
  } catch (const duet::Error&) {
  }
}

// A round of clients with these flags; client i has the number i + 1.
std::array<Ending, 2> run(const Terms& known, const std::vector<std::int64_t>& flags) {
  const Folder folder;
  const std::string file = folder / "round.json";
  std::ofstream(file) << round_text(flags.size());
  {
    const Round round = read_round(file, known);
    duet::Randomness random = duet::Randomness::os();
    for (std::size_t client = 0; client < flags.size(); ++client) {
      const std::array values = {flags[client], static_cast<std::int64_t>(client + 1)};
      const duet::ProvenUpload upload =
          duet::prove(*round.layout, values, round.context(client), random);
      write_upload(folder / "to0", round, client,
                   {reinterpret_cast<const std::uint8_t*>(&upload.seed), sizeof upload.seed});
      const std::span<const Ring> low(upload.low);
      write_upload(folder / "to1", round, client,
                   {reinterpret_cast<const std::uint8_t*>(low.data()), low.size_bytes()});
    }
  }
  const std::uint16_t port_0 = free_port();
  duet::Listener between("127.0.0.1", 0);
  const pid_t relaying = altered == Altered::kClients ? ::fork() : 0;
  CHECK(relaying >= 0);
  if (altered == Altered::kClients && relaying == 0) {
    relay(between, port_0);
    ::_exit(0);
  }
  std::array<pid_t, 2> servers{};
  for (const int party : {0, 1}) {
    const std::string number = std::to_string(party);
    const std::uint16_t met_at = party == 1 && relaying != 0 ? between.port() : port_0;
    std::vector<std::string> words = {"server",
                                      "--my-id",
                                      number,
                                      "--party",
                                      "0,127.0.0.1," + std::to_string(met_at),
                                      "--party",
                                      "1,127.0.0.1,1",
                                      "--arithmetic-protocol",
                                      "GMW",
                                      "--round",
                                      file,
                                      "--shares",
                                      folder / ("to" + number),
                                      "--results",
                                      folder / ("results" + number),
                                      "--timeout",
                                      "10"};
    const pid_t child = ::fork();
    CHECK(child >= 0);
    if (child == 0) {
      std::vector<char*> arguments;
      for (std::string& word : words) arguments.push_back(word.data());
      CHECK(std::freopen((folder / ("notes" + number)).c_str(), "w", stdout) != nullptr);
      CHECK(std::freopen((folder / ("errors" + number)).c_str(), "w", stderr) != nullptr);
      const int code =
          serve(static_cast<int>(arguments.size()), arguments.data(), known,
                [](MPCProtocol arithmetic, std::size_t threads) -> std::unique_ptr<Program> {
                  return std::make_unique<Noting>(arithmetic, threads);
                });
      std::fflush(nullptr);
      ::_exit(code);
    }
    servers[static_cast<std::size_t>(party)] = child;
  }
  if (relaying != 0) CHECK(::waitpid(relaying, nullptr, 0) == relaying);
  std::array<Ending, 2> endings;
  for (const std::size_t i : {0U, 1U}) {
    int status = 0;
    CHECK(::waitpid(servers[i], &status, 0) == servers[i]);
    Ending& ending = endings[i];
    ending.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    std::istringstream lines(text_of(folder / ("notes" + std::to_string(i))));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("online ") || line == "reveal") {
        ending.notes += line + "; ";
      }
    }
    ending.errors = text_of(folder / ("errors" + std::to_string(i)));
    const std::string results = folder / ("results" + std::to_string(i));
    if (const std::string npy = text_of(results + "/sum.npy"); npy.size() > 8) {
      std::int64_t sum = 0;
      std::memcpy(&sum, npy.data() + npy.size() - 8, 8);
      ending.results = std::to_string(sum);
    }
    CHECK(std::filesystem::exists(results + "/report.json") == (ending.code == 0));
    CHECK(std::filesystem::is_empty(folder / ("to" + std::to_string(i))));
  }
  return endings;
}

void ends(const Terms& known, const std::vector<std::int64_t>& flags, int code,
          const std::string& notes, const std::string& results, const std::string& errors = "") {
  for (const Ending& ending : run(known, flags)) {
    if (ending.code != code) std::fprintf(stderr, "%s\n", ending.errors.c_str());
    CHECK(ending.code == code);
    CHECK(ending.notes == notes);
    CHECK(ending.results == results);
    CHECK(ending.errors.find(errors) != std::string::npos);
  }
}

void results_are_opened_once_counts_are_judged() {
  ends(terms(), {0, 0, 0}, 0, "online 3; reveal; ", "306");
}

// The results of the round with them stay closed.
void clients_whose_values_cannot_be_used_are_left_out() {
  ends(terms(), {0, 0, 7, 0, 1}, 0, "online 5; online 3; reveal; ", "307");
}

void unless_they_are_to_end_the_round() {
  Terms strict = terms();
  strict.drops = false;
  ends(strict, {0, 0, 1}, 3, "online 3; ", "", "client 2: its flag is set");
}

void what_is_no_clients_own_ends_the_round() {
  ends(terms(), {1, 1, 1}, 3, "online 3; ", "", "all flags are set");
  Terms other = terms();
  other.checks[0] = {"", "some flag is set"};
  ends(other, {0, 1, 0}, 3, "online 3; ", "", "some flag is set");
}

// No result is written, and no client blamed, where the servers have seen different things.
void servers_compare_what_they_have_seen() {
  altered = Altered::kResults;
  ends(terms(), {0, 0, 0}, 3, "online 3; reveal; ", "", "the two servers differ in the results");
  altered = Altered::kCounts;
  Terms strict = terms();
  strict.drops = false;
  for (const Ending& ending : run(strict, {0, 0, 0})) {
    CHECK(ending.code == 3 && ending.results.empty());
    CHECK(ending.errors.find("its flag is set") == std::string::npos);
  }
  altered = Altered::kNothing;
}

// Nor is one blamed, or the round said to have too few, where they have agreed on different
// clients.
void servers_compare_which_clients_are_left_before_they_blame_any() {
  altered = Altered::kClients;
  const std::vector<std::int64_t> flags(kManyClients, 0);
  Terms few = terms();
  few.min_clients = kManyClients;
  few.max_clients = kManyClients;
  Terms exact = few;
  exact.min_clients = 2;
  exact.exact = true;
  Terms strict = few;
  strict.min_clients = 2;
  strict.drops = false;
  for (const Terms& known : {few, exact, strict}) {
    ends(known, flags, 3, "", "", "the two servers differ in what this server sent");
  }
  altered = Altered::kNothing;
}

// A seed gives other shares in another client's place.
void uploads_are_bound_to_their_client_and_round() {
  const Folder folder;
  const std::string file = folder / "round.json";
  std::ofstream(file) << round_text(3);
  const Round round = read_round(file, terms());
  std::vector<std::uint8_t> expected(32, 0xcc);
  expected.insert(expected.end(), 16, 0x55);
  expected.insert(expected.end(), {2, 1, 0, 0, 0, 0, 0, 0});
  CHECK(round.context(0x102) == expected);
}

void a_round_needs_enough_clients() {
  ends(terms(), {1, 0}, 3, "online 2; ", "", "1 clients left, but a round needs at least 2");
  Terms exact = terms();
  exact.exact = true;
  exact.max_clients = 3;
  ends(exact, {1, 0, 0}, 3, "online 3; ", "", "needs exactly 3");
}

}  // namespace

int main() {
  results_are_opened_once_counts_are_judged();
  clients_whose_values_cannot_be_used_are_left_out();
  unless_they_are_to_end_the_round();
  what_is_no_clients_own_ends_the_round();
  servers_compare_what_they_have_seen();
  servers_compare_which_clients_are_left_before_they_blame_any();
  uploads_are_bound_to_their_client_and_round();
  a_round_needs_enough_clients();
}
