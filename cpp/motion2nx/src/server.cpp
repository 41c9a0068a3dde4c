#include "ezmotion/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <utility>

#include "carrier.h"
#include "duet/confirm_round.h"
#include "duet/errors.h"
#include "duet/exchange.h"
#include "duet/handshake.h"
#include "results.h"
#include "round_file.h"
#include "server_options.h"
#include "transport.h"
#include "uploads.h"

namespace ezmotion {
namespace {

constexpr int kDone = 0;
constexpr int kUsage = 2;
constexpr int kFailed = 3;

using Clients = std::vector<std::size_t>;

// As in the framework's TCPSetupHelper, the server with the larger id connects. That one's
// transport cannot be used: it sets no TCP_NODELAY, and has no time limits.
std::unique_ptr<Transport> meet(const ServerOptions& options) {
  if (options.my_id == 0) {
    duet::Listener listener(options.host, options.port);
    return std::make_unique<Transport>(listener.accept_transport(options.timeout), options.timeout);
  }
  return std::make_unique<Transport>(
      duet::connect_transport(options.host, options.port, options.timeout), options.timeout);
}

std::unique_ptr<duet::Session> start_session(Carrier& carrier, const ServerOptions& options,
                                             const Terms& terms, const Round& round) {
  duet::Channel channel(carrier.session_stream());
  carrier.start();
  channel.set_idle_timeout(options.timeout);
  duet::Handshake mine;
  mine.party = static_cast<std::uint32_t>(options.my_id);
  mine.program_hash = round.program;
  mine.configuration = terms.name + " on MOTION2NX, --arithmetic-protocol " +
                       options.arithmetic_name + ", --round with SHA-256 " +
                       hexadecimal(round.digest);
  duet::Randomness random = duet::Randomness::os();
  const duet::Block nonce = duet::handshake(channel, mine, random);
  duet::Options settings;
  settings.threads = options.threads;
  return std::make_unique<duet::Session>(std::move(channel), options.my_id, std::move(random),
                                         nonce, settings);
}

// The clients of which both servers have an upload.
Clients agreed(duet::Session& session, std::size_t clients, const Clients& mine) {
  std::vector<std::uint8_t> bits((clients + 7) / 8);
  for (const std::size_t client : mine) {
    bits[client / 8] = static_cast<std::uint8_t>(bits[client / 8] | 1U << (client % 8));
  }
  const std::vector<std::uint8_t> theirs = duet::Exchange::run(session, bits, bits.size());
  if (theirs.size() != bits.size()) {
    throw duet::MismatchError("the other server has another number of clients");
  }
  Clients both;
  for (const std::size_t client : mine) {
    if ((theirs[client / 8] >> (client % 8) & 1) != 0) both.push_back(client);
  }
  return both;
}

duet::Digest digest_of(const Tensors& tensors) {
  duet::Sha256 hash;
  for (const Tensor<Ring>& tensor : tensors) {
    hash.update_number(tensor.shape.size());
    for (const std::size_t size : tensor.shape) hash.update_number(size);
    hash.update(std::span<const Ring>(tensor.data));
  }
  return hash.digest();
}

// One round, in the steps of runtime/program.py's ServerProgram.
class Server {
 public:
  Server(const Terms& terms, const Round& round, Uploads& uploads, duet::Session& session,
         Program& program)
      : terms_(terms), round_(round), uploads_(uploads), session_(session), program_(program) {}

  std::vector<duet::Opened> run() {
    uploads_.use_up();
    proved_ = agreed(session_, round_.clients, uploads_.clients());
    const duet::ProofVerdicts verdicts = uploads_.check(session_, proved_);
    for (std::size_t i = 0; i < proved_.size(); ++i) {
      if (verdicts.accepted.at(i) != 0) kept_.push_back(proved_[i]);
    }
    note_dropped();
    // Otherwise a bit that was altered between the servers would be a client's fault.
    if (!reasons_.empty() && (!terms_.drops || !enough())) confirm(Tensors{numbers(kept_)});
    while (true) {
      check_left();
      const std::map<std::size_t, std::string> invalid = compute(verdicts.products);
      if (invalid.empty()) break;
      reasons_.insert(invalid.begin(), invalid.end());
      std::erase_if(kept_, [&](std::size_t client) { return invalid.contains(client); });
    }
    const std::vector<duet::Opened> opened = reveal();
    Tensors values;
    for (const duet::Opened& one : opened) values.push_back(one.value);
    confirm(values);
    return opened;
  }

  const Clients& kept() const { return kept_; }

  Dropped dropped() const {
    Dropped all;
    for (const std::string& what : uploads_.strange()) all.emplace_back(std::nullopt, what);
    for (const auto& [client, why] : reasons_) all.emplace_back(client, why);
    return all;
  }

 private:
  void note_dropped() {
    for (std::size_t client = 0; client < round_.clients; ++client) {
      const auto has = [client](const Clients& some) {
        return std::find(some.begin(), some.end(), client) != some.end();
      };
      if (has(kept_)) continue;
      if (const auto found = uploads_.refused().find(client); found != uploads_.refused().end()) {
        reasons_[client] = found->second;
      } else if (has(proved_)) {
        reasons_[client] = "its proof that its values are within the bounds does not hold";
      } else {
        reasons_[client] = "server " + std::to_string(1 - session_.party()) +
                           " has no complete, valid upload of it";
      }
    }
  }

  bool enough() const {
    return kept_.size() >= terms_.min_clients &&
           (!terms_.exact || kept_.size() == terms_.max_clients);
  }

  void check_left() const {
    std::string reasons;
    for (const auto& [client, why] : reasons_) {
      reasons += "\n  client " + std::to_string(client) + ": " + why;
    }
    if (!terms_.drops && !reasons_.empty()) {
      throw duet::Error(terms_.name + ": clients cannot take part:" + reasons);
    }
    if (!enough()) {
      throw duet::Error(terms_.name + ": " + std::to_string(kept_.size()) +
                        " clients left, but a round needs " +
                        (terms_.exact ? "exactly " + std::to_string(terms_.max_clients)
                                      : "at least " + std::to_string(terms_.min_clients)) +
                        ": the others were left out:" + reasons);
    }
  }

  // Up to the counts, which are judged: by client why its values cannot be used. Results stay
  // closed.
  std::map<std::size_t, std::string> compute(const Tensor<Ring>& products) {
    const Publics& publics = publics_now();
    session_.begin(duet::Phase::kSetup);
    program_.setup(session_, kept_.size());
    session_.end();
    session_.begin(duet::Phase::kOnline);
    const Tensors counts =
        program_.online(session_, uploads_.shares(kept_, proved_, products), publics.values);
    session_.end();
    return judged(counts);
  }

  std::map<std::size_t, std::string> judged(const Tensors& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const Check& check = terms_.checks.at(i);
      const auto& bits = counts[i].data;
      const auto set = static_cast<std::size_t>(
          std::count_if(bits.begin(), bits.end(), [](Ring bit) { return bit != 0; }));
      if (set == 0) continue;
      confirm(counts);
      if (check.of_client.empty() || set == bits.size()) throw duet::DivisionError(check.of_all);
      std::map<std::size_t, std::string> found;
      for (std::size_t position = 0; position < bits.size(); ++position) {
        if (bits[position] != 0) found[kept_.at(position)] = check.of_client;
      }
      return found;
    }
    return {};
  }

  std::vector<duet::Opened> reveal() {
    session_.resume(duet::Phase::kOnline);
    std::vector<duet::Opened> opened = program_.reveal(session_, publics_now().lowest);
    session_.end();
    return opened;
  }

  const Publics& publics_now() const {
    const auto found = round_.publics.find(kept_.size());
    if (found == round_.publics.end()) {
      throw duet::Error("--round has no public values for " + std::to_string(kept_.size()) +
                        " clients");
    }
    if (!found->second.refused.empty()) throw duet::Error(found->second.refused);
    return found->second;
  }

  void confirm(const Tensors& seen) { duet::ConfirmRound::run(session_, digest_of(seen)); }

  static Tensor<Ring> numbers(const Clients& clients) {
    Tensor<Ring> all(Shape{clients.size()});
    std::copy(clients.begin(), clients.end(), all.data.begin());
    return all;
  }

  const Terms& terms_;
  const Round& round_;
  Uploads& uploads_;
  duet::Session& session_;
  Program& program_;
  Clients proved_;  // whose proofs were checked
  Clients kept_;
  std::map<std::size_t, std::string> reasons_;
};

void run_round(const ServerOptions& options, const Terms& terms, MakeProgram make) {
  const Round round = read_round(options.round, terms);
  const Results results(options.results);
  Uploads uploads(options.my_id, round, options.shares);
  const std::unique_ptr<Program> program = make(options.arithmetic, options.threads);
  Carrier carrier(options.my_id, meet(options));
  const std::unique_ptr<duet::Session> session = start_session(carrier, options, terms, round);
  std::cerr << "server " << options.my_id << ": connected with the other server" << std::endl;
  program->use(std::make_unique<Connection>(*session, carrier));
  Server server(terms, round, uploads, *session, *program);
  const std::vector<duet::Opened> opened = server.run();
  Report report{};
  report.program = terms.name;
  report.round = round.id_text();
  report.arithmetic = options.arithmetic_name;
  report.party = options.my_id;
  report.clients = server.kept();
  report.dropped = server.dropped();
  for (const duet::Opened& one : opened) report.bits.push_back(one.bits);
  report.bytes_sent = carrier.transport().all_bytes_sent();
  report.bytes_received = carrier.transport().all_bytes_received();
  report.setup_seconds = session->stats(duet::Phase::kSetup).wall_seconds;
  report.online_seconds = session->stats(duet::Phase::kOnline).wall_seconds;
  results.write(terms, opened, report);
  std::cout << (options.json ? report.json(terms) + "\n" : report.text());
}

}  // namespace

int serve(int argc, char* argv[], const Terms& terms, MakeProgram make) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);  // a core dump would hold shares and keys
  std::string who = terms.name;
  try {
    const std::optional<ServerOptions> options = parse_options(argc, argv);
    if (!options) return kDone;
    who += ", server " + std::to_string(options->my_id);
    run_round(*options, terms, make);
    return kDone;
  } catch (const UsageError& error) {
    std::cerr << who << ": " << error.what() << "\n";
    return kUsage;
  } catch (const std::exception& error) {
    std::cerr << who << ": " << error.what() << "\n";
    return kFailed;
  }
}

}  // namespace ezmotion
