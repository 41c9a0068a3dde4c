// What both servers must have in common at the beginning of a round: the public values that they
// compute with. Different ones (another root update, another precision) would give garbage
// unnoticed.
#pragma once

#include <string_view>
#include <vector>

#include "duet/cost.h"
#include "duet/digest.h"
#include "duet/kernel.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

// Both exchange a digest of the values, in the first round.
class Agreement {
 public:
  static constexpr std::string_view kName = "agreement";
  static KernelCosts costs(Sizes& sizes);

  void send(Session& session, const std::vector<Tensor<Ring>>& publics);
  // Throws MismatchError if the other server's values differ.
  void receive(Session& session);

  static constexpr Cost online_cost() {
    return parallel(message_cost(0, sizeof(Digest)), message_cost(1, sizeof(Digest)));
  }

 private:
  Digest digest_{};
};

}  // namespace duet
