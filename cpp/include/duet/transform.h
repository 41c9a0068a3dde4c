// Which number-theoretic transforms lattice encryption computes with (src/ntt.h): what costs it
// most. All of them give the same results.
#pragma once

#include <array>
#include <string_view>

namespace duet {

enum class Transform { kIfma, kAvx2, kNeon, kPortable };

// Fastest first.
inline constexpr std::array kTransforms{Transform::kIfma, Transform::kAvx2, Transform::kNeon,
                                        Transform::kPortable};

std::string_view name_of(Transform transform);  // "ifma", "avx2", "neon", "portable"
bool is_available(Transform transform);         // on this processor

// The one of a name; throws Error where there is none, or it is not available.
Transform transform_named(std::string_view name);

// The one that the environment variable DUET_TRANSFORM named when it was first asked for, or else
// the fastest.
Transform transform_in_use();

}  // namespace duet
