// Lanes for lane_arithmetic.h: four doubles with AVX2 and FMA.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)  // GCC 12 warns of its own header (GCC bug 105593)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define DUET_LANES __attribute__((target("avx2,fma")))
#include "lane_arithmetic.h"

namespace duet::fma {

struct Avx2Lanes {
  using Vector = __m256d;
  static constexpr std::size_t kWidth = 4;

  DUET_LANES_INLINE static Vector all(double x) { return _mm256_set1_pd(x); }
  DUET_LANES_INLINE static Vector load(const std::uint64_t* from) {
    return _mm256_castsi256_pd(_mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(from)));
  }
  DUET_LANES_INLINE static void store(std::uint64_t* to, Vector x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(to), _mm256_castpd_si256(x));
  }

  DUET_LANES_INLINE static Vector add(Vector x, Vector y) { return _mm256_add_pd(x, y); }
  DUET_LANES_INLINE static Vector sub(Vector x, Vector y) { return _mm256_sub_pd(x, y); }
  DUET_LANES_INLINE static Vector mul(Vector x, Vector y) { return _mm256_mul_pd(x, y); }
  DUET_LANES_INLINE static Vector mul_add(Vector x, Vector y, Vector z) {
    return _mm256_fmadd_pd(x, y, z);
  }
  DUET_LANES_INLINE static Vector sub_mul(Vector z, Vector x, Vector y) {
    return _mm256_fnmadd_pd(x, y, z);
  }
  DUET_LANES_INLINE static Vector where_negative(Vector x, Vector y) {
    return _mm256_and_pd(_mm256_cmp_pd(x, _mm256_setzero_pd(), _CMP_LT_OQ), y);
  }

  // 2^52 + x has x as its lowest bits, for x in [0, 2^52).
  DUET_LANES_INLINE static Vector from_words(Vector x) {
    const Vector two52 = all(0x1p52);
    return sub(_mm256_or_pd(x, two52), two52);
  }
  DUET_LANES_INLINE static Vector to_words(Vector x) {
    const Vector two52 = all(0x1p52);
    return _mm256_xor_pd(add(x, two52), two52);
  }

  template <std::size_t n>
  DUET_LANES_INLINE static void exchange(Vector& x, Vector& y) {
    const Vector first = n == 1 ? _mm256_unpacklo_pd(x, y) : _mm256_permute2f128_pd(x, y, 0x20);
    y = n == 1 ? _mm256_unpackhi_pd(x, y) : _mm256_permute2f128_pd(x, y, 0x31);
    x = first;
  }
  template <std::size_t n>
  DUET_LANES_INLINE static Vector spread(const double* from) {
    if constexpr (n == 1) return _mm256_loadu_pd(from);
    return _mm256_permute4x64_pd(_mm256_castpd128_pd256(_mm_loadu_pd(from)), 0b01010000);
  }
};

}  // namespace duet::fma
