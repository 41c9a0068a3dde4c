// The discrete Gaussian: integers x with probabilities proportional to exp(-x²/2σ²), exactly.
// Algorithms 1 to 3 of Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy"
// (NeurIPS 2020): rejection sampling from a discrete Laplace distribution of scale σ (the paper's
// t; any integer is right), with Bernoulli trials of rational probabilities. Nothing is rounded, so
// there is no gap between the distribution that is drawn from and the one that is proved private.
//
// How long a draw takes depends on what is drawn.
#pragma once

#include <cstdint>

#include "duet/prg.h"
#include "duet/ring.h"

namespace duet {

class DiscreteGaussian {
 public:
  static constexpr std::uint64_t kLargest = std::uint64_t{1} << 58;

  // A positive whole number up to kLargest; std::invalid_argument otherwise.
  explicit DiscreteGaussian(std::uint64_t deviation);

  // In two's complement. It has more than 63 bits with a probability below exp(-400).
  Ring draw(Prg& prg) const;

 private:
  std::uint64_t deviation_;
};

}  // namespace duet
