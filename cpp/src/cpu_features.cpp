#include "duet/cpu_features.h"

namespace duet {

const CpuFeatures& cpu_features() {
#if defined(__x86_64__)
  static const CpuFeatures features{
      __builtin_cpu_supports("aes") != 0,
      __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0,
      __builtin_cpu_supports("avx512ifma") != 0};
#else
  static const CpuFeatures features{false, false, false};
#endif
  return features;
}

}  // namespace duet
