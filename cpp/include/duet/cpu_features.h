// What this processor has that the engine makes use of.
#pragma once

namespace duet {

struct CpuFeatures {
  bool aes;
  bool avx2_fma;     // four double-precision numbers at a time, products and sums rounded once
  bool avx512_ifma;  // multiplications of 52 bits, eight at a time
};

const CpuFeatures& cpu_features();

}  // namespace duet
