// The transforms of ntt.h in double precision with fused multiply-adds: those of ntt_lanes.h with
// the lanes of this architecture.

#if defined(__x86_64__)

#include "lanes_avx2.h"
#include "ntt_lanes.h"

namespace duet {

NttEnginePtr fma_ntt(const NttTables& tables) {
  return std::make_unique<fma::LaneNtt<fma::Avx2Lanes>>(tables);
}

}  // namespace duet

#elif defined(__aarch64__)

#include "lanes_neon.h"
#include "ntt_lanes.h"

namespace duet {

NttEnginePtr fma_ntt(const NttTables& tables) {
  return std::make_unique<fma::LaneNtt<fma::NeonLanes>>(tables);
}

}  // namespace duet

#else

#include <cstdlib>

#include "ntt_engine.h"

namespace duet {

NttEnginePtr fma_ntt(const NttTables&) { std::abort(); }

}  // namespace duet

#endif
