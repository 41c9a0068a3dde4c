#include "residues_ifma.h"

#if defined(__x86_64__)

#include "lanes_ifma.h"

namespace duet::ifma {
namespace {

std::size_t whole(std::size_t size) { return size / kLanes * kLanes; }

DUET_IFMA_INLINE Factors factors_of(Factor f) { return {all(f.value), all(f.quotient >> 12)}; }

// x modulo q, for x below 16q, which is at least 2^53.
DUET_IFMA_INLINE __m512i reduced(__m512i x, const Prime& p) {
  x = less(x, _mm512_slli_epi64(p.q, 3));
  x = less(x, _mm512_slli_epi64(p.q, 2));
  x = less(x, p.twice);
  return less(x, p.q);
}

}  // namespace

// With the word's lower 52 bits, less than 8q, and its 12 upper ones.
DUET_IFMA std::size_t from_words(std::uint64_t q, Factor two52,
                                 std::span<const std::uint64_t> words, std::uint64_t flip,
                                 std::uint64_t shift, std::span<std::uint64_t> out) {
  const Prime p = prime_of(q);
  const Factors upper = factors_of(two52);
  const __m512i flips = all(flip);
  const __m512i shifts = all(shift);
  for (std::size_t i = 0; i < whole(out.size()); i += kLanes) {
    const __m512i x = _mm512_xor_si512(load(words.data() + i), flips);
    const __m512i low = _mm512_add_epi64(_mm512_and_si512(x, p.mask), shifts);
    const __m512i high = mul_lazy(_mm512_srli_epi64(x, kWordBits), upper, p);
    store(out.data() + i, reduced(_mm512_add_epi64(low, high), p));
  }
  return whole(out.size());
}

DUET_IFMA std::size_t scale(std::uint64_t q, std::span<std::uint64_t> x, Factor f) {
  const Prime p = prime_of(q);
  const Factors factors = factors_of(f);
  for (std::size_t i = 0; i < whole(x.size()); i += kLanes) {
    store(x.data() + i, less(mul_lazy(load(x.data() + i), factors, p), p.q));
  }
  return whole(x.size());
}

// x - rest + q where rest <= last/2, or else x - rest + last: between 0 and 2q + last/2, as `last`
// is below 2q.
DUET_IFMA std::size_t divide(std::uint64_t q, std::span<std::uint64_t> x,
                             std::span<const std::uint64_t> rest, std::uint64_t last,
                             Factor inverse) {
  const Prime p = prime_of(q);
  const Factors factors = factors_of(inverse);
  const __m512i half = all(last / 2);
  const __m512i lasts = all(last);
  for (std::size_t i = 0; i < whole(x.size()); i += kLanes) {
    const __m512i r = load(rest.data() + i);
    const __mmask8 is_large = _mm512_cmpgt_epu64_mask(r, half);
    const __m512i plus = _mm512_mask_blend_epi64(is_large, p.q, lasts);
    const __m512i difference = _mm512_add_epi64(load(x.data() + i), _mm512_sub_epi64(plus, r));
    store(x.data() + i, less(mul_lazy(difference, factors, p), p.q));
  }
  return whole(x.size());
}

// Of every product the lower 52 bits and the upper ones are added up for themselves. Then, what the
// lower sum has above 52 bits belongs to the upper one, and what that has above 52 bits to a third.
DUET_IFMA std::size_t add_products(std::uint64_t q, Factor two52, Factor two104,
                                   std::span<const Product> products,
                                   std::span<std::uint64_t> sums) {
  const Prime p = prime_of(q);
  const Factors second = factors_of(two52);
  const Factors third = factors_of(two104);
  for (std::size_t i = 0; i < whole(sums.size()); i += kLanes) {
    __m512i lower = load(sums.data() + i);
    __m512i upper = _mm512_setzero_si512();
    for (const Product& product : products) {
      const __m512i x = load(product.x.data() + i);
      const __m512i y = load(product.y.data() + i);
      lower = _mm512_madd52lo_epu64(lower, x, y);
      upper = _mm512_madd52hi_epu64(upper, x, y);
    }
    upper = _mm512_add_epi64(upper, _mm512_srli_epi64(lower, kWordBits));
    const __m512i middle = mul_lazy(_mm512_and_si512(upper, p.mask), second, p);
    const __m512i top = mul_lazy(_mm512_srli_epi64(upper, kWordBits), third, p);
    const __m512i sum = _mm512_add_epi64(_mm512_and_si512(lower, p.mask), middle);
    store(sums.data() + i, reduced(_mm512_add_epi64(sum, top), p));
  }
  return whole(sums.size());
}

}  // namespace duet::ifma

#else

#include <cstdlib>

namespace duet::ifma {

std::size_t from_words(std::uint64_t, Factor, std::span<const std::uint64_t>, std::uint64_t,
                       std::uint64_t, std::span<std::uint64_t>) {
  std::abort();
}
std::size_t scale(std::uint64_t, std::span<std::uint64_t>, Factor) { std::abort(); }
std::size_t divide(std::uint64_t, std::span<std::uint64_t>, std::span<const std::uint64_t>,
                   std::uint64_t, Factor) {
  std::abort();
}
std::size_t add_products(std::uint64_t, Factor, Factor, std::span<const Product>,
                         std::span<std::uint64_t>) {
  std::abort();
}

}  // namespace duet::ifma

#endif
