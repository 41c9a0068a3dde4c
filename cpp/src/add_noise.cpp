#include "duet/add_noise.h"

#include <cmath>

#include "calibration.h"
#include "duet/discrete_gaussian.h"

namespace duet {
namespace {

__extension__ using Wide = unsigned __int128;

// The smallest s with 2s² >= x².
std::uint64_t over_root_two(std::uint64_t x) {
  const Wide square = static_cast<Wide>(x) * x;
  auto s = static_cast<std::uint64_t>(std::ldexp(static_cast<double>(x), -1) * std::sqrt(2.0));
  while (s > 0 && 2 * static_cast<Wide>(s - 1) * (s - 1) >= square) --s;
  while (2 * static_cast<Wide>(s) * s < square) ++s;
  return s;
}

}  // namespace

KernelCosts AddNoise::costs(Sizes& sizes) {
  return {{}, {}, calibration::kNoise * static_cast<double>(sizes["elements"])};
}

std::uint64_t AddNoise::part_deviation(std::uint64_t deviation, Part part) {
  if (deviation == 0) return 0;
  const std::uint64_t whole = deviation + 1;  // it may have been rounded down
  return part == Part::kFull ? whole : over_root_two(whole);
}

Tensor<Ring> AddNoise::online(Session& session, const Tensor<Ring>& x,
                              const Tensor<Ring>& deviation) const {
  Tensor<Ring> noised = x;
  const std::uint64_t part = part_deviation(deviation.data.at(0), part_);
  if (part == 0) return noised;
  const DiscreteGaussian gaussian(part);
  Prg prg(session.random().seed());
  for (Ring& element : noised.data) element += gaussian.draw(prg);
  return noised;
}

}  // namespace duet
