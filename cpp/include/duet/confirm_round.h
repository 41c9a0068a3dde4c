// What both servers must have in common at the end of a round: what each has sent and received
// since they were connected, and the results. Whatever was altered on the way, or computed
// differently, is an error before a result is handed out. Digests find every alteration but one
// that also rewrites the digests. If somebody between the servers may be able to do that, the
// connection below must be authenticated.
#pragma once

#include <string_view>

#include "duet/cost.h"
#include "duet/digest.h"
#include "duet/kernel.h"
#include "duet/session.h"

namespace duet {

struct ConfirmRound {
  static constexpr std::string_view kName = "confirm_round";
  static KernelCosts costs(Sizes& sizes);

  // Takes a digest of the round's results; counts as part of the online phase. AgreementError if
  // what one has sent is not what the other has received, or if the results differ; the session is
  // then of no more use.
  static void run(Session& session, const Digest& results);

  static constexpr Cost online_cost() {
    return parallel(message_cost(0, 3 * sizeof(Digest)), message_cost(1, 3 * sizeof(Digest)));
  }
};

}  // namespace duet
