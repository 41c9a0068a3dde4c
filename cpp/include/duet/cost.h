// What a protocol sends, declared: tests compare it with the wire, the compiler plans with it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace duet {

inline constexpr std::uint64_t kFrameHeaderBytes = 16;
inline constexpr std::uint64_t kMaxFrameBytes = 1 << 20;  // payload of one frame

struct Cost {
  std::array<std::uint64_t, 2> bytes{};     // sent by party 0 and 1, frame headers included
  std::array<std::uint64_t, 2> messages{};  // sent by party 0 and 1
  // Turns from sending (or from the start) to receiving, as Traffic counts them; the larger of both
  // parties' counts. A message and its answer are one round.
  std::uint64_t rounds = 0;

  // One after the other. Where one ends and the other begins with receiving, the wire has fewer
  // rounds.
  friend constexpr Cost operator+(const Cost& a, const Cost& b) {
    Cost sum = parallel(a, b);
    sum.rounds = a.rounds + b.rounds;
    return sum;
  }

  // Side by side, in the same rounds.
  friend constexpr Cost parallel(const Cost& a, const Cost& b) {
    return {{a.bytes[0] + b.bytes[0], a.bytes[1] + b.bytes[1]},
            {a.messages[0] + b.messages[0], a.messages[1] + b.messages[1]},
            std::max(a.rounds, b.rounds)};
  }

  friend constexpr bool operator==(const Cost&, const Cost&) = default;
};

// The bytes on the wire of one message.
constexpr std::uint64_t framed_bytes(std::uint64_t payload) {
  const std::uint64_t frames = payload == 0 ? 1 : (payload + kMaxFrameBytes - 1) / kMaxFrameBytes;
  return payload + frames * kFrameHeaderBytes;
}

constexpr Cost message_cost(int from, std::uint64_t payload) {
  Cost cost;
  cost.bytes[static_cast<std::size_t>(from)] = framed_bytes(payload);
  cost.messages[static_cast<std::size_t>(from)] = 1;
  cost.rounds = 1;
  return cost;
}

}  // namespace duet
