// The transforms of ntt.h in double precision, for any kind of lanes (lane_arithmetic.h), for
// primes below 2^50 and at least 2·kWidth values.
//
// Numbers may grow to 4q. Forward, a level brings B·q to at most (B + 1/2 + B/32)·q, or, if the
// half that is not multiplied is reduced first, to (1 + 2^-50 + B/32)·q. Five levels bring q to
// less than 3.83q, and 1.13q to less than 4q; the sixth one reduces. Inverse, a level doubles, and
// multiplies differences of at most 2B·q, which gives (1/2 + B/16)·q; every second level reduces
// its sums: q, at most 2q, at most 0.625q, and from then on below 1.25q and 0.625q in turns.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "lane_arithmetic.h"
#include "ntt_engine.h"

namespace duet::fma {

template <class Lanes>
class LaneNtt final : public NttEngine, LaneArithmetic<Lanes> {
 public:
  explicit LaneNtt(const NttTables& tables)
      : q_(tables.modulus.q()),
        roots_(tables.roots, q_),
        inverse_roots_(tables.inverse_roots, q_),
        inverse_size_({&tables.inverse_size, 1}, q_) {}

  DUET_LANES void forward(std::span<std::uint64_t> values) const override {
    const Prime p = prime_of(q_);
    const std::size_t size = values.size();
    for (std::size_t i = 0; i < size; i += kWidth) {
      Lanes::store(&values[i], Lanes::from_words(Lanes::load(&values[i])));
    }
    for (std::size_t half = size / 2; half >= kWidth; half /= 2) {
      level<Forward>(values, half, roots_, p);
    }
    for (std::size_t i = 0; i < size; i += 2 * kWidth) {
      Vector x = Lanes::load(&values[i]);
      Vector y = Lanes::load(&values[i + kWidth]);
      within<Forward, kWidth / 2>(x, y, size + i, roots_, p);
      Lanes::store(&values[i], word_of(reduced(x, p), p));
      Lanes::store(&values[i + kWidth], word_of(reduced(y, p), p));
    }
  }

  DUET_LANES void inverse(std::span<std::uint64_t> values) const override {
    const Prime p = prime_of(q_);
    const std::size_t size = values.size();
    for (std::size_t i = 0; i < size; i += 2 * kWidth) {
      Vector x = Lanes::from_words(Lanes::load(&values[i]));
      Vector y = Lanes::from_words(Lanes::load(&values[i + kWidth]));
      within<Inverse, kWidth / 2>(x, y, size + i, inverse_roots_, p);
      Lanes::store(&values[i], x);
      Lanes::store(&values[i + kWidth], y);
    }
    for (std::size_t half = kWidth; half < size; half *= 2) {
      level<Inverse>(values, half, inverse_roots_, p);
    }
    const Factors last = same(inverse_size_, 0);
    for (std::size_t i = 0; i < size; i += kWidth) {
      Lanes::store(&values[i], word_of(mul(Lanes::load(&values[i]), last, p), p));
    }
  }

 private:
  using Arithmetic = LaneArithmetic<Lanes>;
  using Vector = typename Lanes::Vector;
  using Factors = typename Arithmetic::Factors;
  using Prime = typename Arithmetic::Prime;
  using Arithmetic::mul;
  using Arithmetic::prime_of;
  using Arithmetic::reduced;
  using Arithmetic::same;
  using Arithmetic::word_of;
  static constexpr std::size_t kWidth = Lanes::kWidth;

  struct Forward {
    static constexpr bool reduces(std::size_t half) { return std::countr_zero(half) % 6 == 1; }

    template <bool reduce>
    DUET_LANES_INLINE static void butterfly(Vector& low, Vector& up, const Factors& root,
                                            const Prime& p) {
      const Vector x = reduce ? reduced(low, p) : low;
      const Vector y = mul(up, root, p);
      low = Lanes::add(x, y);
      up = Lanes::sub(x, y);
    }
  };

  struct Inverse {
    static constexpr bool reduces(std::size_t half) { return std::countr_zero(half) % 2 == 1; }

    template <bool reduce>
    DUET_LANES_INLINE static void butterfly(Vector& low, Vector& up, const Factors& root,
                                            const Prime& p) {
      const Vector sum = Lanes::add(low, up);
      up = mul(Lanes::sub(low, up), root, p);
      low = reduce ? reduced(sum, p) : sum;
    }
  };

  // All butterflies of one width, in blocks of 2·half entries.
  template <class Direction, bool reduce>
  DUET_LANES_INLINE static void level_that(std::span<std::uint64_t> values, std::size_t half,
                                           const Roots& roots, const Prime& p) {
    const std::size_t blocks = values.size() / (2 * half);
    for (std::size_t block = 0; block < blocks; ++block) {
      const Factors root = same(roots, blocks + block);
      std::uint64_t* const low = values.data() + 2 * block * half;
      for (std::size_t i = 0; i < half; i += kWidth) {
        Vector x = Lanes::load(low + i);
        Vector y = Lanes::load(low + half + i);
        Direction::template butterfly<reduce>(x, y, root, p);
        Lanes::store(low + i, x);
        Lanes::store(low + half + i, y);
      }
    }
  }

  template <class Direction>
  DUET_LANES static void level(std::span<std::uint64_t> values, std::size_t half,
                               const Roots& roots, const Prime& p) {
    if (Direction::reduces(half)) {
      level_that<Direction, true>(values, half, roots, p);
    } else {
      level_that<Direction, false>(values, half, roots, p);
    }
  }

  // Those of the widths below kWidth, in two vectors of consecutive entries: brings both halves of
  // all blocks of 2·half entries into `x` and `y`. `entry`: the number of the first one, plus how
  // many there are in all.
  template <class Direction, std::size_t half>
  DUET_LANES_INLINE static void within(Vector& x, Vector& y, std::size_t entry, const Roots& roots,
                                       const Prime& p) {
    constexpr bool kForward = std::is_same_v<Direction, Forward>;
    if constexpr (half > 0) {
      Lanes::template exchange<half>(x, y);
      if constexpr (!kForward) within<Direction, half / 2>(x, y, entry, roots, p);
      const std::size_t first = entry / (2 * half);
      const Factors root{Lanes::template spread<half>(roots.values.data() + first),
                         Lanes::template spread<half>(roots.quotients.data() + first)};
      Direction::template butterfly<Direction::reduces(half)>(x, y, root, p);
      if constexpr (kForward) within<Direction, half / 2>(x, y, entry, roots, p);
      Lanes::template exchange<half>(x, y);
    }
  }

  std::uint64_t q_;
  Roots roots_;
  Roots inverse_roots_;
  Roots inverse_size_;  // one factor
};

}  // namespace duet::fma
