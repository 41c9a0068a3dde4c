// Opens additive shares to both parties, no finer than the result shows.
//
// Each party shifts its own share x_p of v - 1 to the right by k places and sends the rest. With
// T = (x_0 >> k) + (x_1 >> k) modulo 2^(64 - k), v - 1 lies in [T·2^k, (T + 2)·2^k - 2]: a window
// of about 2^(k+1) values is all that is learned. Opened is (T + 1)·2^k, the middle, which is off
// by less than 2^k and on average right. It is v itself where 2^k divides v: the low places of the
// shares of v - 1 add up to 2^k - 1 then, however v was shared. Shares that are opened coarsely
// and then finely tell nothing beyond the finest opening.
//
// How fine is relative to the largest magnitude of the tensor, which the coarse opening shows: a
// function of what is opened.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "duet/cost.h"
#include "duet/kernel.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

// Numbers of significant bits.
inline constexpr unsigned kExact = 64;  // all
inline constexpr unsigned kPublic = 0;  // none: the value is public already

inline constexpr unsigned kStep = 16;  // bits that one exchange opens at most, unless all are asked

// What is to be opened: values |v| < 2^62, modulo 2^64.
struct Sealed {
  Tensor<Ring> share;
  unsigned significant = kExact;  // how many bits of the tensor's largest magnitude
};

// What both parties know afterwards.
struct Opened {
  Tensor<Ring> value;
  unsigned bits = 0;  // that each party has sent of each element
};

// One tensor on its way. Each step is one message in each direction.
class Opening {
 public:
  static constexpr std::string_view kName = "open_top";
  static KernelCosts costs(Sizes& sizes);

  // `lowest`: places below this one stay hidden in any case, since the result does not show them.
  Opening(Sealed sealed, unsigned lowest, int party);

  bool done() const { return next_ == 0; }
  void send(Session& session);
  void receive(Session& session);
  Opened opened() const;

  // Of an opening that ends after `bits` bits.
  static std::vector<std::uint64_t> steps(std::uint64_t bits);
  static Cost online_cost(std::uint64_t elements, std::uint64_t bits);

 private:
  void plan();

  Sealed sealed_;
  unsigned lowest_;
  unsigned hidden_ = 64;  // k
  unsigned next_ = 0;     // bits of the next step; 0 if there is none
  bool last_ = false;     // whether that is the last step
  Tensor<Ring> top_;      // T
};

// Opens all of them in lockstep, in at most four exchanges. `lowest` has a place for each, or is
// empty, which stands for zeros.
std::vector<Opened> open_together(Session& session, std::vector<Sealed> sealed,
                                  const std::vector<unsigned>& lowest);

}  // namespace duet
