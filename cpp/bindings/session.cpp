#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "duet/confirm_round.h"
#include "duet/exchange.h"
#include "duet/handshake.h"
#include "duet/link_speed.h"
#include "python_session.h"

namespace duet::bindings {
namespace {

namespace py = pybind11;
using py::literals::operator""_a;

Milliseconds milliseconds(double seconds) {
  if (!(seconds > 0) || seconds > 1e6) throw py::value_error("a timeout is a positive number");
  return Milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

// Bytes per second and seconds of delay.
using PythonLink = std::optional<std::pair<double, double>>;

std::optional<Link> to_link(const PythonLink& link) {
  if (!link) return {};
  const auto [bytes_per_second, delay] = *link;
  if (!(bytes_per_second > 0 && bytes_per_second < 1e12 && delay >= 0 && delay < 1e3)) {
    throw py::value_error("a link has positive bytes per second and a delay in seconds");
  }
  return Link{bytes_per_second, std::chrono::nanoseconds(static_cast<std::int64_t>(delay * 1e9))};
}

// What both parties must agree on, and this party's patience.
struct Terms {
  Terms(int party, const std::string& program_hash, const std::string& text, double idle, int k)
      : idle_timeout(milliseconds(idle)), ot_k(k) {
    if (program_hash.size() != mine.program_hash.size()) {
      throw std::invalid_argument("a program hash has 32 bytes");
    }
    std::copy(program_hash.begin(), program_hash.end(), mine.program_hash.begin());
    mine.party = static_cast<std::uint32_t>(party);
    mine.configuration = "ot_k=" + std::to_string(ot_k) + "\n" + text;
  }

  Handshake mine;
  Milliseconds idle_timeout;
  int ot_k;
};

PythonSession start(Channel channel, const Terms& terms) {
  channel.set_idle_timeout(terms.idle_timeout);
  Randomness random = Randomness::os();
  const Block nonce = handshake(channel, terms.mine, random);
  return PythonSession(std::make_unique<Session>(std::move(channel),
                                                 static_cast<int>(terms.mine.party),
                                                 std::move(random), nonce, Options{terms.ot_k}));
}

py::tuple local_pair(int ot_k) {
  auto channels = Channel::local_pair();
  const Block nonce = Randomness::os().seed();
  const auto make = [=](Channel channel, int party) {
    return PythonSession(std::make_unique<Session>(std::move(channel), party, Randomness::os(),
                                                   nonce, Options{ot_k}));
  };
  return py::make_tuple(make(std::move(channels.first), 0), make(std::move(channels.second), 1));
}

py::dict phase_stats(const PhaseStats& stats) {
  return py::dict(
      "bytes_sent"_a = stats.traffic.bytes_sent, "bytes_received"_a = stats.traffic.bytes_received,
      "messages_sent"_a = stats.traffic.messages_sent,
      "messages_received"_a = stats.traffic.messages_received, "rounds"_a = stats.traffic.rounds,
      "wall_seconds"_a = stats.wall_seconds, "cpu_seconds"_a = stats.cpu_seconds);
}

}  // namespace

void define_session(py::module_& module) {
  py::class_<PythonSession>(module, "Session",
                            "A connection between the two servers; one thread uses it at a time.")
      .def_property_readonly(
          "party", [](const PythonSession& self) { return PythonSession::Use(self)->party(); })
      .def_property_readonly(
          "nonce",
          [](const PythonSession& self) {
            const Block nonce = PythonSession::Use(self)->nonce();
            return py::bytes(reinterpret_cast<const char*>(&nonce), sizeof nonce);
          },
          "16 bytes that both servers have drawn for this session, and that no other has.")
      .def(
          "stats",
          [](const PythonSession& self) {
            const PythonSession::Use session(self);
            return py::dict("agreement"_a = phase_stats(session->stats(Phase::kAgreement)),
                            "setup"_a = phase_stats(session->stats(Phase::kSetup)),
                            "online"_a = phase_stats(session->stats(Phase::kOnline)));
          },
          "What this party sent and took in the last exchange(), setup() and online().")
      .def(
          "exchange",
          [](const PythonSession& self, const py::bytes& message, std::size_t limit) {
            const std::string mine = message;
            const PythonSession::Use session(self);
            std::vector<std::uint8_t> other;
            {
              const py::gil_scoped_release release;
              const auto* begin = reinterpret_cast<const std::uint8_t*>(mine.data());
              other = Exchange::run(*session, {begin, mine.size()}, limit);
            }
            return py::bytes(reinterpret_cast<const char*>(other.data()), other.size());
          },
          "message"_a, "limit"_a,
          "Sends the other server a message and returns the one, of at most `limit` bytes, that it "
          "sends at the same time.")
      .def(
          "measure_link",
          [](const PythonSession& self) {
            const PythonSession::Use session(self);
            const py::gil_scoped_release release;
            const LinkSpeed speed = measure_link(session->channel(), session->party());
            return std::make_pair(speed.bytes_per_second, speed.round_trip_seconds);
          },
          "Bytes per second and the seconds of a round trip; both servers call it at the same "
          "time.")
      .def(
          "confirm_round",
          [](const PythonSession& self, const py::bytes& results) {
            const std::string_view bytes = results;
            Digest digest;
            if (bytes.size() != digest.size()) throw py::value_error("a digest has 32 bytes");
            std::copy(bytes.begin(), bytes.end(), digest.begin());
            const PythonSession::Use session(self);
            const py::gil_scoped_release release;
            ConfirmRound::run(*session, digest);
          },
          "results"_a,
          "Compares with the other server what each sent and received, and a digest of the "
          "results. "
          "AgreementError if they differ: then the results must not be used.")
      .def("close", &PythonSession::close, "Ends the connection; the peer gets a PeerError.");

  module.def(
      "connect",
      [](const std::string& host, std::uint16_t port, int party, const py::bytes& program_hash,
         const std::string& configuration, double timeout, double idle_timeout, int ot_k,
         const PythonLink& link) {
        const Terms terms(party, program_hash, configuration, idle_timeout, ot_k);
        const Milliseconds patience = milliseconds(timeout);
        const std::optional<Link> shape = to_link(link);
        const py::gil_scoped_release release;
        return start(Channel::connect(host, port, patience, shape), terms);
      },
      "host"_a, "port"_a, "party"_a, "program_hash"_a, "configuration"_a = "", py::kw_only(),
      "timeout"_a = 60.0, "idle_timeout"_a = 60.0, "ot_k"_a = kDefaultOtK, "link"_a = py::none(),
      "Connects to the other server, which may come up later, and starts a session. MismatchError "
      "if it has another program hash, configuration or engine. `link`, bytes per second and "
      "seconds of delay, has this end send as slowly as over such a link.");
  module.def("local_pair", &local_pair, py::kw_only(), "ot_k"_a = kDefaultOtK,
             "Both ends of a session within one process, each for a thread of its own.");

  py::class_<Listener>(module, "Listener", "A listening socket; port 0 takes any free port.")
      .def(py::init<const std::string&, std::uint16_t>(), "host"_a, "port"_a = 0)
      .def_property_readonly("port", &Listener::port)
      .def(
          "accept",
          [](Listener& self, int party, const py::bytes& program_hash,
             const std::string& configuration, double timeout, double idle_timeout, int ot_k,
             const PythonLink& link) {
            const Terms terms(party, program_hash, configuration, idle_timeout, ot_k);
            const Milliseconds patience = milliseconds(timeout);
            const std::optional<Link> shape = to_link(link);
            const py::gil_scoped_release release;
            return start(self.accept(patience, shape), terms);
          },
          "party"_a, "program_hash"_a, "configuration"_a = "", py::kw_only(), "timeout"_a = 60.0,
          "idle_timeout"_a = 60.0, "ot_k"_a = kDefaultOtK, "link"_a = py::none(),
          "Waits for the other server and starts a session, as connect does.");
}

}  // namespace duet::bindings
