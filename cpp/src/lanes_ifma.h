// Arithmetic modulo q with AVX-512's multiplications of 52 bits (IFMA), eight numbers at a time,
// for primes between 2^49 and 2^50. Products with precomputed quotients as Shoup's (in the library
// NTL).
#pragma once

#if defined(__GNUC__) && !defined(__clang__)  // GCC 12 warns of its own header (GCC bug 105593)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define DUET_IFMA __attribute__((target("avx512f,avx512ifma")))
#define DUET_IFMA_INLINE DUET_IFMA __attribute__((always_inline)) inline

namespace duet::ifma {

inline constexpr std::size_t kLanes = 8;
inline constexpr unsigned kWordBits = 52;

DUET_IFMA_INLINE __m512i all(std::uint64_t x) {
  return _mm512_set1_epi64(static_cast<long long>(x));
}
DUET_IFMA_INLINE __m512i load(const std::uint64_t* from) { return _mm512_loadu_si512(from); }
DUET_IFMA_INLINE void store(std::uint64_t* to, __m512i value) { _mm512_storeu_si512(to, value); }

// The constants of a prime.
struct Prime {
  __m512i q;
  __m512i twice;
  __m512i negative;  // 2^52 - q
  __m512i mask;      // 52 bits
};

DUET_IFMA_INLINE Prime prime_of(std::uint64_t q) {
  constexpr std::uint64_t kWord = std::uint64_t{1} << kWordBits;
  return {all(q), all(2 * q), all(kWord - q), all(kWord - 1)};
}

struct Factors {
  __m512i value;
  __m512i quotient;  // floor(value·2^52 / q)
};

// x·f in [0, 2q), for x below 2^52.
DUET_IFMA_INLINE __m512i mul_lazy(__m512i x, const Factors& f, const Prime& p) {
  const __m512i zero = _mm512_setzero_si512();
  const __m512i quotient = _mm512_madd52hi_epu64(zero, x, f.quotient);
  const __m512i low = _mm512_madd52lo_epu64(zero, x, f.value);
  return _mm512_and_si512(_mm512_madd52lo_epu64(low, quotient, p.negative), p.mask);
}

// x or x - bound, whichever is not negative, where x < 2·bound; in any case less than the larger
// one of bound and x - bound.
DUET_IFMA_INLINE __m512i less(__m512i x, __m512i bound) {
  return _mm512_min_epu64(x, _mm512_sub_epi64(x, bound));
}

}  // namespace duet::ifma
