// The command line of a server: the options of the framework's own examples, and files.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "duet/channel.h"
#include "utility/typedefs.h"

namespace ezmotion {

// An option or a file is not what it should be; the message says which and why.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ServerOptions {
  int my_id;
  std::string host;  // where party 0 listens
  std::uint16_t port;
  unsigned threads;
  MOTION::MPCProtocol arithmetic;
  std::string arithmetic_name;  // GMW or BEAVY
  std::string round;
  std::string shares;
  std::string results;
  duet::Milliseconds timeout;
  bool json;
};

// None if only help was asked for, which it has printed. UsageError.
std::optional<ServerOptions> parse_options(int argc, char* argv[]);

}  // namespace ezmotion
