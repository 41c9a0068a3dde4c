// Running both parties of a protocol in one process, with a thread each.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "check.h"
#include "duet/channel.h"
#include "duet/cost.h"

namespace duet {

inline void run_both(const auto& party_0, const auto& party_1) {
  std::thread other([&] {
    try {
      party_1();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "party 1: %s\n", error.what());
      std::_Exit(1);
    }
  });
  party_0();
  other.join();
}

// What both ends of a channel have sent.
inline Cost measured_cost(const Channel& party_0, const Channel& party_1) {
  const Traffic& a = party_0.traffic();
  const Traffic& b = party_1.traffic();
  CHECK(a.bytes_sent == b.bytes_received && b.bytes_sent == a.bytes_received);
  CHECK(a.messages_sent == b.messages_received && b.messages_sent == a.messages_received);
  return {{a.bytes_sent, b.bytes_sent},
          {a.messages_sent, b.messages_sent},
          std::max(a.rounds, b.rounds)};
}

inline std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  char digits[3];
  for (const unsigned byte : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

}  // namespace duet
