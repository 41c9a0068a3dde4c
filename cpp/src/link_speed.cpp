#include "duet/link_speed.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace duet {
namespace {

constexpr int kRoundTrips = 20;
constexpr std::size_t kBulkBytes = 8 << 20;
constexpr int kBulks = 3;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

LinkSpeed measure_link(Channel& channel, int party) {
  // Sends `payload` bytes there and one back; returns the seconds of the fastest of some times.
  const auto there_and_back = [&](std::size_t payload, int times) {
    const std::vector<std::uint8_t> message(payload);
    const std::array<std::uint8_t, 1> acknowledgement{};
    double shortest = std::numeric_limits<double>::max();
    for (int i = 0; i < times; ++i) {
      const double start = now();
      if (party == 0) {
        channel.send(std::span<const std::uint8_t>(message));
        channel.flush();
        channel.receive<std::uint8_t>(1);
        shortest = std::min(shortest, now() - start);
      } else {
        channel.receive<std::uint8_t>(payload);
        channel.send(std::span<const std::uint8_t>(acknowledgement));
        channel.flush();
      }
    }
    return shortest;
  };
  const double round_trip = there_and_back(1, kRoundTrips);
  const double bulk = there_and_back(kBulkBytes, kBulks);
  std::array<double, 2> figures{static_cast<double>(kBulkBytes) / std::max(bulk - round_trip, 1e-9),
                                round_trip};
  if (party == 0) {
    channel.send(std::span<const double>(figures));
    channel.flush();
  } else {
    channel.receive(std::span<double>(figures));
  }
  return {figures[0], figures[1]};
}

}  // namespace duet
