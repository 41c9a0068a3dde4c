// Arithmetic modulo q in double precision with fused multiply-adds, several numbers at a time.
//
// Products as in van der Hoeven, Lecerf, Quintin, "Modular SIMD Arithmetic in Mathemagix", ACM TOMS
// 2016, with quotients of the factors precomputed (Shoup, in the library NTL).
//
// Numbers are integers of either sign, congruent modulo q to what they stand for; q is an odd prime
// below 2^50, and all integers up to 2^53, or 8q, are exact. Let |x| <= B·q with B <= 4, w a
// factor, |w| < q/2, and v = w/q rounded. Then |v| < 1/2, so |v - w/q| <= 2^-55.
//   h: x·w rounded. |h| < 2^101, so |h - x·w| <= 2^47, and that error is exact, as every product's.
//     h is an integer: what is below 2^53 is not rounded.
//   k: x·v rounded to an integer. |x·v| < 2^51, and from 2^52 to 2^53 numbers are integers: to add
//     1.5·2^52 rounds to the nearest, and, fused, nothing else does. |k - x·w/q| <= 1/2 +
//     B·q·2^-55.
//   h - k·q is (x·w - k·q) plus the error: an integer below 2^53, so it is exact, and so is
//     x·w - k·q in the end.
// So a product is exact modulo q, and at most (1/2 + B/32)·q. Likewise, x minus the multiple of q
// next to it is exact, and at most (1/2 + 2^-50)·q; that is, `reduced`.
//
// No sum has a product among its terms: compilers that fuse such cannot change a result. There are
// no infinities and no denormal numbers, so the time does not depend on the values. Rounding is
// taken to be to the nearest, which nothing here changes.
//
// Who includes this defines DUET_LANES, the attributes of functions that use its lanes, and a type
// `Lanes` with
//   Vector, kWidth
//   all(x): x in all lanes
//   load(from), store(to, x): the bits of kWidth doubles, kept in words
//   add, sub, mul; mul_add(x, y, z) = x·y + z and sub_mul(z, x, y) = z - x·y, rounded once
//   where_negative(x, y): y where x is negative, 0 elsewhere
//   from_words(x), to_words(x): of integers below 2^52 that lie in the lanes as words, and back
//   exchange<n>(x, y): in groups of n lanes, the odd ones of x with the even ones of y
//   spread<n>(from): kWidth/n doubles, n times each
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "modulus.h"

#define DUET_LANES_INLINE DUET_LANES __attribute__((always_inline)) inline

namespace duet::fma {

// Factors apart: what they are, as numbers between -q/2 and q/2, and value/q.
struct Roots {
  Roots(std::span<const Factor> factors, std::uint64_t q) {
    for (const Factor& factor : factors) {
      auto value = static_cast<double>(factor.value);
      if (factor.value > q / 2) value -= static_cast<double>(q);
      values.push_back(value);
      quotients.push_back(value / static_cast<double>(q));
    }
  }

  std::vector<double> values;
  std::vector<double> quotients;
};

template <class Lanes>
struct LaneArithmetic {
  using Vector = typename Lanes::Vector;
  static constexpr std::size_t kWidth = Lanes::kWidth;
  static constexpr double kShift = 0x1.8p52;

  struct Factors {
    Vector value;
    Vector quotient;
  };

  struct Prime {
    Vector q;
    Vector inverse;  // 1/q
    Vector shift;
  };

  DUET_LANES_INLINE static Prime prime_of(std::uint64_t q) {
    const auto x = static_cast<double>(q);
    return {Lanes::all(x), Lanes::all(1 / x), Lanes::all(kShift)};
  }

  DUET_LANES_INLINE static Factors same(const Roots& roots, std::size_t index) {
    return {Lanes::all(roots.values[index]), Lanes::all(roots.quotients[index])};
  }

  DUET_LANES_INLINE static Vector nearest(Vector x, Vector y, const Prime& p) {
    return Lanes::sub(Lanes::mul_add(x, y, p.shift), p.shift);
  }

  DUET_LANES_INLINE static Vector mul(Vector x, const Factors& f, const Prime& p) {
    const Vector high = Lanes::mul(x, f.value);
    const Vector error = Lanes::sub_mul(high, x, f.value);
    return Lanes::sub(Lanes::sub_mul(high, nearest(x, f.quotient, p), p.q), error);
  }

  DUET_LANES_INLINE static Vector reduced(Vector x, const Prime& p) {
    return Lanes::sub_mul(x, nearest(x, p.inverse, p), p.q);
  }

  // Of a number between -q and q, the word in [0, q).
  DUET_LANES_INLINE static Vector word_of(Vector x, const Prime& p) {
    return Lanes::to_words(Lanes::add(x, Lanes::where_negative(x, p.q)));
  }
};

}  // namespace duet::fma
