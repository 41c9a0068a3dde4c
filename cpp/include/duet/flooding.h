// What answers by lattice encryption may tell; docs/rlwe.md says how it comes about.
#pragma once

#include <array>

namespace duet {

// The statistical distance of all answers under one key together from what tells nothing.
inline constexpr double kFloodingBudget = 0x1p-40;

// Of the answers under party 0's and under party 1's key.
using Flooding = std::array<double, 2>;

}  // namespace duet
