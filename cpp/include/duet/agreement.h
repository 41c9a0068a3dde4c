// That both servers compute with the same public values: they exchange a digest of them in the
// first round. Different values (another root update, another precision) would give garbage
// unnoticed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "duet/cost.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

class Agreement {
 public:
  void send(Session& session, const std::vector<Tensor<Ring>>& publics);
  // Throws MismatchError if the other server's values differ.
  void receive(Session& session);

  static constexpr Cost online_cost() {
    return parallel(message_cost(0, kDigestBytes), message_cost(1, kDigestBytes));
  }

 private:
  static constexpr std::size_t kDigestBytes = 32;  // SHA-256
  std::array<std::uint8_t, kDigestBytes> digest_{};
};

}  // namespace duet
