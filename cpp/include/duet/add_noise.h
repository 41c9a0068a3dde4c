// Noise for differential privacy: each party draws a discrete Gaussian for every element, from a
// fresh seed of its own, and adds it to its share. Nothing is sent, and neither party knows the
// other's part. What is protected from whom is in docs/privacy.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "duet/kernel.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

class AddNoise {
 public:
  static constexpr std::string_view kName = "add_noise";
  static KernelCosts costs(Sizes& sizes);

  // A party's part has the whole standard deviation, or 1/√2 of it, so that the sum has the whole.
  enum class Part { kFull, kJoint };

  explicit AddNoise(Part part) : part_(part) {}

  // The deviation is a number that both parties know, in units of the last place, rounded to the
  // nearest; zero stands for no noise.
  Tensor<Ring> online(Session& session, const Tensor<Ring>& x, const Tensor<Ring>& deviation) const;

  // The standard deviation of one party's part: never less than what is asked for.
  static std::uint64_t part_deviation(std::uint64_t deviation, Part part);

 private:
  Part part_;
};

}  // namespace duet
