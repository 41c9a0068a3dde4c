#include "duet/transform.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "duet/cpu_features.h"
#include "duet/errors.h"

namespace duet {

std::string_view name_of(Transform transform) {
  switch (transform) {
    case Transform::kIfma:
      return "ifma";
    case Transform::kAvx2:
      return "avx2";
    case Transform::kNeon:
      return "neon";
    case Transform::kPortable:
      break;
  }
  return "portable";
}

bool is_available(Transform transform) {
  switch (transform) {
    case Transform::kIfma:
      return cpu_features().avx512_ifma;
    case Transform::kAvx2:
      return cpu_features().avx2_fma;
    case Transform::kNeon:
#if defined(__aarch64__)
      return true;  // part of the architecture
#else
      return false;
#endif
    case Transform::kPortable:
      break;
  }
  return true;
}

Transform transform_named(std::string_view name) {
  std::string names;
  for (const Transform transform : kTransforms) {
    if (!is_available(transform)) continue;
    if (name == name_of(transform)) return transform;
    names.append(names.empty() ? "" : ", ").append(name_of(transform));
  }
  throw Error("no transform '" + std::string(name) + "' on this processor; there are: " + names);
}

Transform transform_in_use() {
  static const Transform chosen = [] {
    const char* name = std::getenv("DUET_TRANSFORM");
    return name != nullptr ? transform_named(name)
                           : *std::find_if(kTransforms.begin(), kTransforms.end(), is_available);
  }();
  return chosen;
}

}  // namespace duet
