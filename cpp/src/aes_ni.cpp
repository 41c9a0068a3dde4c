#include "aes_ni.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstddef>

#define DUET_AES __attribute__((target("aes,sse2")))
#define DUET_AES_INLINE __attribute__((target("aes,sse2"), always_inline)) inline

namespace duet::aes_ni {
namespace {

// An AES instruction takes several cycles but a new one can start in each: eight independent blocks
// keep the unit busy.
constexpr std::size_t kLanes = 8;

DUET_AES_INLINE __m128i load(const Block& block) {
  return _mm_load_si128(reinterpret_cast<const __m128i*>(&block));
}

DUET_AES_INLINE void store(Block& block, __m128i value) {
  _mm_store_si128(reinterpret_cast<__m128i*>(&block), value);
}

// The next round key (FIPS 197, section 5.2): each word is the sum of all words up to it, plus the
// substituted last word.
template <int RoundConstant>
DUET_AES_INLINE __m128i next_round_key(__m128i key) {
  const __m128i assist = _mm_aeskeygenassist_si128(key, RoundConstant);
  const __m128i substituted = _mm_shuffle_epi32(assist, 0xff);
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
  return _mm_xor_si128(key, substituted);
}

template <std::size_t Lanes>
DUET_AES_INLINE void encrypt_lanes(const RoundKeys& keys, __m128i (&state)[Lanes]) {
  const __m128i first = load(keys[0]);
  for (__m128i& lane : state) lane = _mm_xor_si128(lane, first);
  for (std::size_t round = 1; round < 10; ++round) {
    const __m128i key = load(keys[round]);
    for (__m128i& lane : state) lane = _mm_aesenc_si128(lane, key);
  }
  const __m128i last = load(keys[10]);
  for (__m128i& lane : state) lane = _mm_aesenclast_si128(lane, last);
}

template <std::size_t Lanes>
DUET_AES_INLINE void encrypt_at(const RoundKeys& keys, const Block* in, Block* out) {
  __m128i state[Lanes];
  for (std::size_t lane = 0; lane < Lanes; ++lane) state[lane] = load(in[lane]);
  encrypt_lanes(keys, state);
  for (std::size_t lane = 0; lane < Lanes; ++lane) store(out[lane], state[lane]);
}

template <std::size_t Lanes>
DUET_AES_INLINE void counter_at(const RoundKeys& keys, Block first, Block* out) {
  __m128i state[Lanes];
  for (std::size_t lane = 0; lane < Lanes; ++lane) {
    state[lane] =
        _mm_set_epi64x(static_cast<long long>(first.hi), static_cast<long long>(first.lo + lane));
  }
  encrypt_lanes(keys, state);
  for (std::size_t lane = 0; lane < Lanes; ++lane) store(out[lane], state[lane]);
}

}  // namespace

DUET_AES RoundKeys expand(Block key) {
  RoundKeys keys;
  __m128i current = load(key);
  std::size_t round = 0;
  const auto keep = [&](__m128i next) DUET_AES {
    current = next;
    store(keys[round++], next);
  };
  keep(current);
  keep(next_round_key<0x01>(current));
  keep(next_round_key<0x02>(current));
  keep(next_round_key<0x04>(current));
  keep(next_round_key<0x08>(current));
  keep(next_round_key<0x10>(current));
  keep(next_round_key<0x20>(current));
  keep(next_round_key<0x40>(current));
  keep(next_round_key<0x80>(current));
  keep(next_round_key<0x1b>(current));
  keep(next_round_key<0x36>(current));
  return keys;
}

DUET_AES void encrypt(const RoundKeys& keys, std::span<const Block> in, std::span<Block> out) {
  std::size_t i = 0;
  for (; i + kLanes <= in.size(); i += kLanes) encrypt_at<kLanes>(keys, &in[i], &out[i]);
  for (; i < in.size(); ++i) encrypt_at<1>(keys, &in[i], &out[i]);
}

DUET_AES void counter(const RoundKeys& keys, Block first, std::span<Block> out) {
  std::size_t i = 0;
  for (; i + kLanes <= out.size(); i += kLanes) {
    counter_at<kLanes>(keys, {first.lo + i, first.hi}, &out[i]);
  }
  for (; i < out.size(); ++i) counter_at<1>(keys, {first.lo + i, first.hi}, &out[i]);
}

}  // namespace duet::aes_ni

#else

#include <cstdlib>

namespace duet::aes_ni {

RoundKeys expand(Block) { std::abort(); }
void encrypt(const RoundKeys&, std::span<const Block>, std::span<Block>) { std::abort(); }
void counter(const RoundKeys&, Block, std::span<Block>) { std::abort(); }

}  // namespace duet::aes_ni

#endif
