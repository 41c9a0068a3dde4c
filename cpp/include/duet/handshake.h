// The first messages of a connection: do both parties run the same program with the same settings?
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "duet/block.h"
#include "duet/channel.h"
#include "duet/prg.h"

namespace duet {

inline constexpr std::uint32_t kProtocolVersion = 4;  // changes whenever bytes on the wire change
inline constexpr const char* kEngineVersion = "0.1.0";

struct Handshake {
  std::uint32_t protocol_version = kProtocolVersion;
  std::string engine_version = kEngineVersion;
  std::uint32_t party = 0;
  std::array<std::uint8_t, 32> program_hash{};
  std::string configuration;  // readable text (UTF-8), compared as it is; at most 64 KiB
};

// Exchanges `mine` with the peer's. MismatchError names the first field that does not fit, with
// both values; both parties raise it. ProtocolError if it is not a handshake that came, or not text
// where there should be text. Returns the session's nonce: a hash of random blocks of both parties.
Block handshake(Channel& channel, const Handshake& mine, Randomness& random);

}  // namespace duet
