// Shares of matrix products of which one party knows one factor and the other party the other, by
// lattice encryption: Huang, Lu, Hong, Ding, "Cheetah", USENIX Security 2022, section 3. One party
// uploads its factor encrypted; the other multiplies it with its own, subtracts random masks, which
// are its shares, and sends back the coefficients that matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "duet/ring.h"
#include "duet/rows.h"
#include "duet/session.h"
#include "rlwe_layout.h"

namespace duet {

// Shares of two products at once, which makes four steps: `mine`, of which this party knows the
// encrypted factor (`left`), and the peer's layout `theirs`, of which it knows the other factor
// (`right`). The peer has the layouts swapped.
class RlweExchange {
 public:
  // In the setup phase, both parties at the same point: new keys may be exchanged.
  RlweExchange(Session& session, RlweLayoutPtr mine, RlweLayoutPtr theirs);
  RlweExchange(RlweExchange&&) noexcept;
  RlweExchange& operator=(RlweExchange&&) noexcept;
  ~RlweExchange();

  void send_uploads(Session& session, const Rows& left);
  // Computes the answers and adds this party's shares of the peer's products to `out`.
  void receive_uploads(Session& session, const Rows& right, std::span<Ring> out);
  void send_answers(Session& session);
  // Adds this party's shares of its own products.
  void receive_answers(Session& session, std::span<Ring> out);

 private:
  RlweLayoutPtr mine_;
  RlweLayoutPtr theirs_;
  std::shared_ptr<const RlweKeys> keys_;
  std::vector<std::vector<std::uint8_t>> answers_;  // packed
};

}  // namespace duet
