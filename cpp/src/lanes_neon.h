// Lanes for lane_arithmetic.h: two doubles with NEON.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#define DUET_LANES  // part of the architecture
#include "lane_arithmetic.h"

namespace duet::fma {

struct NeonLanes {
  using Vector = float64x2_t;
  static constexpr std::size_t kWidth = 2;

  DUET_LANES_INLINE static Vector all(double x) { return vdupq_n_f64(x); }
  DUET_LANES_INLINE static Vector load(const std::uint64_t* from) {
    return vreinterpretq_f64_u64(vld1q_u64(from));
  }
  DUET_LANES_INLINE static void store(std::uint64_t* to, Vector x) {
    vst1q_u64(to, vreinterpretq_u64_f64(x));
  }

  DUET_LANES_INLINE static Vector add(Vector x, Vector y) { return vaddq_f64(x, y); }
  DUET_LANES_INLINE static Vector sub(Vector x, Vector y) { return vsubq_f64(x, y); }
  DUET_LANES_INLINE static Vector mul(Vector x, Vector y) { return vmulq_f64(x, y); }
  DUET_LANES_INLINE static Vector mul_add(Vector x, Vector y, Vector z) {
    return vfmaq_f64(z, x, y);
  }
  DUET_LANES_INLINE static Vector sub_mul(Vector z, Vector x, Vector y) {
    return vfmsq_f64(z, x, y);
  }
  DUET_LANES_INLINE static Vector where_negative(Vector x, Vector y) {
    return vreinterpretq_f64_u64(vandq_u64(vcltzq_f64(x), vreinterpretq_u64_f64(y)));
  }

  DUET_LANES_INLINE static Vector from_words(Vector x) {
    return vcvtq_f64_u64(vreinterpretq_u64_f64(x));
  }
  DUET_LANES_INLINE static Vector to_words(Vector x) {
    return vreinterpretq_f64_u64(vcvtq_u64_f64(x));
  }

  template <std::size_t n>
  DUET_LANES_INLINE static void exchange(Vector& x, Vector& y) {
    const Vector first = vtrn1q_f64(x, y);
    y = vtrn2q_f64(x, y);
    x = first;
  }
  template <std::size_t n>
  DUET_LANES_INLINE static Vector spread(const double* from) {
    return vld1q_f64(from);
  }
};

}  // namespace duet::fma
