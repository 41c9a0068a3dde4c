// A message of each server to the other, ahead of a round: on which clients take part in it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "duet/cost.h"
#include "duet/kernel.h"
#include "duet/session.h"

namespace duet {

struct Exchange {
  static constexpr std::string_view kName = "exchange";
  static KernelCosts costs(Sizes& sizes);

  // Both parties send each other a message of at most `limit` bytes at the same time, in the phase
  // kAgreement; returns the other's.
  static std::vector<std::uint8_t> run(Session& session, std::span<const std::uint8_t> mine,
                                       std::size_t limit);

  static constexpr Cost online_cost(std::uint64_t bytes) {
    return parallel(message_cost(0, bytes), message_cost(1, bytes));
  }
};

}  // namespace duet
