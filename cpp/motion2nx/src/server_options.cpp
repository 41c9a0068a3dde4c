#include "server_options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cctype>
#include <charconv>
#include <iostream>
#include <vector>

namespace ezmotion {
namespace {

namespace po = boost::program_options;

struct Party {
  int id;
  std::string host;
  std::uint16_t port;
};

Party parse_party(const std::string& text) {
  const std::size_t first = text.find(',');
  const std::size_t last = text.rfind(',');
  Party party{};
  const bool ends = first == 1 && last > first + 1 && last != std::string::npos;
  if (ends && (text[0] == '0' || text[0] == '1')) {
    party.id = text[0] - '0';
    party.host = text.substr(first + 1, last - first - 1);
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + last + 1, end, party.port);
    if (error == std::errc{} && stop == end && party.port != 0) return party;
  }
  throw UsageError("--party " + text +
                   ": expected ID,HOST,PORT with 0 or 1 for the ID, such as 0,127.0.0.1,7000");
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

MOTION::MPCProtocol protocol(const std::string& name) {
  if (name == "GMW") return MOTION::MPCProtocol::ArithmeticGMW;
  if (name == "BEAVY") return MOTION::MPCProtocol::ArithmeticBEAVY;
  throw UsageError("--arithmetic-protocol " + name + ": expected GMW or BEAVY");
}

po::options_description description() {
  po::options_description options("One of the two servers, for one round. Options");
  // clang-format off
  options.add_options()
    ("help,h", "print this text")
    ("my-id", po::value<int>()->required(), "0 or 1: which of the two servers this one is")
    ("party", po::value<std::vector<std::string>>()->required()->composing(),
     "ID,HOST,PORT of a server, once for each; server 1 connects to server 0's port")
    ("arithmetic-protocol", po::value<std::string>()->required(),
     "GMW (Beaver triples) or BEAVY (ABY2.0), the same at both")
    ("round", po::value<std::string>()->required(),
     "file: what both servers know of the round")
    ("shares", po::value<std::string>()->required(),
     "folder: what clients have sent to this server; emptied, since shares serve once")
    ("results", po::value<std::string>()->required(),
     "folder: where to write what the round opens, and a report")
    ("threads", po::value<int>()->default_value(0), "threads to compute with; 0: one for each core")
    ("timeout", po::value<double>()->default_value(60.0),
     "seconds to wait for the other server, to appear or to go on")
    ("json", po::bool_switch(), "print the report as one line of JSON");
  // clang-format on
  return options;
}

}  // namespace

std::optional<ServerOptions> parse_options(int argc, char* argv[]) {
  const po::options_description known = description();
  po::variables_map given;
  try {
    const int style =
        po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(argc, argv)
                  .options(known)
                  .positional(po::positional_options_description())
                  .style(style)
                  .run(),
              given);
    if (given.contains("help")) {
      std::cout << known;
      return std::nullopt;
    }
    po::notify(given);
  } catch (const po::error& error) {
    throw UsageError(std::string(error.what()) + " (--help lists the options)");
  }
  ServerOptions options{};
  options.my_id = given["my-id"].as<int>();
  if (options.my_id != 0 && options.my_id != 1) {
    throw UsageError("--my-id " + std::to_string(options.my_id) + ": expected 0 or 1");
  }
  const auto& parties = given["party"].as<std::vector<std::string>>();
  if (parties.size() != 2) {
    throw UsageError("--party is given " + std::to_string(parties.size()) +
                     " times: expected once for each of the two servers");
  }
  const Party a = parse_party(parties[0]);
  const Party b = parse_party(parties[1]);
  if (a.id == b.id) {
    throw UsageError("--party names server " + std::to_string(a.id) +
                     " twice: expected servers 0 and 1");
  }
  const Party& listening = a.id == 0 ? a : b;
  options.host = listening.host;
  options.port = listening.port;
  options.arithmetic_name = upper(given["arithmetic-protocol"].as<std::string>());
  options.arithmetic = protocol(options.arithmetic_name);
  options.round = given["round"].as<std::string>();
  options.shares = given["shares"].as<std::string>();
  options.results = given["results"].as<std::string>();
  const int threads = given["threads"].as<int>();
  if (threads < 0 || threads > 4096) {
    throw UsageError("--threads " + std::to_string(threads) + ": expected 0 to 4096");
  }
  options.threads = static_cast<unsigned>(threads);
  const double seconds = given["timeout"].as<double>();
  if (!(seconds >= 0.1 && seconds <= 1e6)) {
    throw UsageError("--timeout: expected seconds, 0.1 to 1000000");
  }
  options.timeout = duet::Milliseconds(static_cast<std::int64_t>(seconds * 1000));
  options.json = given["json"].as<bool>();
  return options;
}

}  // namespace ezmotion
