// The transforms of ntt.h with AVX-512's multiplications of 52 bits (IFMA), eight at a time.
#include "ntt_engine.h"

#if defined(__x86_64__)

#include "lanes_ifma.h"

namespace duet::ifma {
namespace {

// Factors apart: what they are, and their quotients for products of 52 bits.
struct Roots {
  explicit Roots(std::span<const Factor> factors) {
    for (const Factor& factor : factors) {
      values.push_back(factor.value);
      quotients.push_back(factor.quotient >> 12);
    }
  }

  std::vector<std::uint64_t> values;
  std::vector<std::uint64_t> quotients;  // floor(value·2^52 / q)
};

DUET_IFMA_INLINE Factors same(const Roots& roots, std::size_t index) {
  return {all(roots.values[index]), all(roots.quotients[index])};
}

// Consecutive factors, spread over the lanes.
DUET_IFMA_INLINE Factors spread(const Roots& roots, std::size_t first, __m512i lanes) {
  return {_mm512_permutexvar_epi64(lanes, load(roots.values.data() + first)),
          _mm512_permutexvar_epi64(lanes, load(roots.quotients.data() + first))};
}

// Entries below 4q before and after.
DUET_IFMA_INLINE void forward_butterfly(__m512i& low, __m512i& up, const Factors& root,
                                        const Prime& p) {
  const __m512i x = less(low, p.twice);
  const __m512i y = mul_lazy(up, root, p);
  low = _mm512_add_epi64(x, y);
  up = _mm512_sub_epi64(_mm512_add_epi64(x, p.twice), y);
}

// Entries below 2q before and after.
DUET_IFMA_INLINE void inverse_butterfly(__m512i& low, __m512i& up, const Factors& root,
                                        const Prime& p) {
  const __m512i x = low;
  low = less(_mm512_add_epi64(x, up), p.twice);
  up = mul_lazy(_mm512_sub_epi64(_mm512_add_epi64(x, p.twice), up), root, p);
}

using Butterfly = void(__m512i& low, __m512i& up, const Factors& root, const Prime& p);

// All butterflies of one width, in blocks of 2·half entries.
template <Butterfly butterfly>
DUET_IFMA_INLINE void level(std::uint64_t* values, std::size_t blocks, std::size_t half,
                            const Roots& roots, const Prime& p) {
  for (std::size_t block = 0; block < blocks; ++block) {
    const Factors root = same(roots, blocks + block);
    std::uint64_t* const low = values + 2 * block * half;
    for (std::size_t i = 0; i < half; i += kLanes) {
      __m512i x = load(low + i);
      __m512i y = load(low + half + i);
      butterfly(x, y, root, p);
      store(low + i, x);
      store(low + half + i, y);
    }
  }
}

DUET_IFMA_INLINE __m512i lanes(int a, int b, int c, int d, int e, int f, int g, int h) {
  return _mm512_setr_epi64(a, b, c, d, e, f, g, h);
}

// Within two vectors lie two blocks of eight entries, four of four, eight of two. `x` and `y` hold
// both halves of all blocks; these bring them from one width to the next.
struct Shuffles {
  __m512i to_x;
  __m512i to_y;
};

DUET_IFMA_INLINE void shuffle(__m512i& x, __m512i& y, const Shuffles& s) {
  const __m512i first = _mm512_permutex2var_epi64(x, s.to_x, y);
  y = _mm512_permutex2var_epi64(x, s.to_y, y);
  x = first;
}

// From entries in their order to blocks of eight, and back.
DUET_IFMA_INLINE Shuffles eights() {
  return {lanes(0, 1, 2, 3, 8, 9, 10, 11), lanes(4, 5, 6, 7, 12, 13, 14, 15)};
}
// From blocks of eight to blocks of four, and back.
DUET_IFMA_INLINE Shuffles fours() {
  return {lanes(0, 1, 8, 9, 4, 5, 12, 13), lanes(2, 3, 10, 11, 6, 7, 14, 15)};
}
// From blocks of four to blocks of two, and back.
DUET_IFMA_INLINE Shuffles twos() {
  return {lanes(0, 8, 2, 10, 4, 12, 6, 14), lanes(1, 9, 3, 11, 5, 13, 7, 15)};
}
// From blocks of two to entries in their order.
DUET_IFMA_INLINE Shuffles ordered() {
  return {lanes(0, 8, 1, 9, 2, 10, 3, 11), lanes(4, 12, 5, 13, 6, 14, 7, 15)};
}
// From entries in their order to blocks of two.
DUET_IFMA_INLINE Shuffles from_order() {
  return {lanes(0, 2, 4, 6, 8, 10, 12, 14), lanes(1, 3, 5, 7, 9, 11, 13, 15)};
}

// Which factor each lane takes.
DUET_IFMA_INLINE __m512i of_eights() { return lanes(0, 0, 0, 0, 1, 1, 1, 1); }
DUET_IFMA_INLINE __m512i of_fours() { return lanes(0, 0, 1, 1, 2, 2, 3, 3); }
DUET_IFMA_INLINE __m512i of_twos() { return lanes(0, 1, 2, 3, 4, 5, 6, 7); }

class IfmaNtt final : public NttEngine {
 public:
  explicit IfmaNtt(const NttTables& tables)
      : q_(tables.modulus.q()),
        roots_(tables.roots),
        inverse_roots_(tables.inverse_roots),
        inverse_size_({&tables.inverse_size, 1}) {}

  DUET_IFMA void forward(std::span<std::uint64_t> values) const override {
    const Prime p = prime_of(q_);
    const std::size_t size = values.size();
    std::size_t blocks = 1;
    for (std::size_t half = size / 2; half >= kLanes; blocks *= 2, half /= 2) {
      level<forward_butterfly>(values.data(), blocks, half, roots_, p);
    }
    for (std::size_t i = 0; i < size; i += 2 * kLanes) {
      __m512i x = load(values.data() + i);
      __m512i y = load(values.data() + i + kLanes);
      shuffle(x, y, eights());
      forward_butterfly(x, y, spread(roots_, (size + i) / 8, of_eights()), p);
      shuffle(x, y, fours());
      forward_butterfly(x, y, spread(roots_, (size + i) / 4, of_fours()), p);
      shuffle(x, y, twos());
      forward_butterfly(x, y, spread(roots_, (size + i) / 2, of_twos()), p);
      shuffle(x, y, ordered());
      store(values.data() + i, less(less(x, p.twice), p.q));
      store(values.data() + i + kLanes, less(less(y, p.twice), p.q));
    }
  }

  DUET_IFMA void inverse(std::span<std::uint64_t> values) const override {
    const Prime p = prime_of(q_);
    const std::size_t size = values.size();
    for (std::size_t i = 0; i < size; i += 2 * kLanes) {
      __m512i x = load(values.data() + i);
      __m512i y = load(values.data() + i + kLanes);
      shuffle(x, y, from_order());
      inverse_butterfly(x, y, spread(inverse_roots_, (size + i) / 2, of_twos()), p);
      shuffle(x, y, twos());
      inverse_butterfly(x, y, spread(inverse_roots_, (size + i) / 4, of_fours()), p);
      shuffle(x, y, fours());
      inverse_butterfly(x, y, spread(inverse_roots_, (size + i) / 8, of_eights()), p);
      shuffle(x, y, eights());
      store(values.data() + i, x);
      store(values.data() + i + kLanes, y);
    }
    std::size_t half = kLanes;
    for (std::size_t blocks = size / (2 * kLanes); blocks > 0; blocks /= 2, half *= 2) {
      level<inverse_butterfly>(values.data(), blocks, half, inverse_roots_, p);
    }
    const Factors last = same(inverse_size_, 0);
    for (std::size_t i = 0; i < size; i += kLanes) {
      store(values.data() + i, less(mul_lazy(load(values.data() + i), last, p), p.q));
    }
  }

 private:
  std::uint64_t q_;
  Roots roots_;
  Roots inverse_roots_;
  Roots inverse_size_;  // one factor
};

}  // namespace
}  // namespace duet::ifma

namespace duet {

NttEnginePtr ifma_ntt(const NttTables& tables) { return std::make_unique<ifma::IfmaNtt>(tables); }

}  // namespace duet

#else

#include <cstdlib>

namespace duet {

NttEnginePtr ifma_ntt(const NttTables&) { std::abort(); }

}  // namespace duet

#endif
