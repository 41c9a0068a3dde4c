// Base oblivious transfers, once for all graphs of a session.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "crypto/base_ots/base_ot_provider.h"
#include "duet/session.h"

namespace ezmotion {

// The framework makes 128 base OTs for every backend. From those of the first one, the next ones'
// come without public-key operations: keys for backend i are hashes of the first ones, and the
// receiver's choices are drawn anew. For that it says where they differ (Beaver, "Precomputing
// Oblivious Transfer", CRYPTO 1995): a bit for each transfer, which tells nothing since the first
// choices are random.
class BaseOts {
 public:
  // Before a backend's preprocessing, at both servers.
  void give(MOTION::BaseOTProvider& provider, duet::Session& session);
  // After it.
  void keep(MOTION::BaseOTProvider& provider, int party);

 private:
  std::optional<std::pair<MOTION::ReceiverMsgs, MOTION::SenderMsgs>> first_;
  std::uint64_t given_ = 0;
};

}  // namespace ezmotion
