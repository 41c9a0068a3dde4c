// A mask that hides two values shows their difference, and two evaluations of one garbled table
// show both labels of a wire. So every setup serves one online phase.
#pragma once

#include <string>
#include <string_view>

#include "duet/errors.h"

namespace duet {

// Lets the steps of an op's online phase happen once per setup and in order.
class OneTime {
 public:
  explicit OneTime(std::string_view op) : op_(op) {}

  // A setup begins (what the last one left is of no more use, even if this one fails), and ends.
  void begin_setup() { next_ = -1; }
  void end_setup() { next_ = 0; }

  void take(int step) {
    if (next_ != step) {
      throw SetupError(std::string(op_) + ": step " + std::to_string(step + 1) +
                       " of the online phase needs a setup of its own" +
                       (next_ < 0 ? ", and there was none"
                                  : ", of which " + std::to_string(next_) + " steps are used"));
    }
    ++next_;
  }

 private:
  std::string_view op_;
  int next_ = -1;
};

}  // namespace duet
