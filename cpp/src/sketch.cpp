#include "duet/sketch.h"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace duet {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using Words = std::array<std::uint32_t, kSketchBlocks>;

struct Map {
  std::vector<Words> positions;      // one word per position and block
  std::vector<std::size_t> offsets;  // by how many positions each row is turned
};

Map expand_coins(const Tensor<Ring>& coins, std::size_t entries, std::size_t rows) {
  Words seed;
  if (coins.size() != seed.size()) throw std::invalid_argument("sketch: coins are four numbers");
  std::transform(coins.data.begin(), coins.data.end(), seed.begin(),
                 [](Ring coin) { return static_cast<std::uint32_t>(coin); });
  std::vector<std::uint32_t> words(entries * kSketchBlocks + rows);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  // The output has a length of its own: OpenSSL 3.0 can take it only as a whole.
  if (!context || EVP_DigestInit_ex(context.get(), EVP_shake128(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), seed.data(), sizeof seed) != 1 ||
      EVP_DigestFinalXOF(context.get(), reinterpret_cast<unsigned char*>(words.data()),
                         words.size() * sizeof(std::uint32_t)) != 1) {
    throw std::runtime_error("SHAKE128 failed");
  }
  Map map{std::vector<Words>(entries), std::vector<std::size_t>(rows)};
  for (std::size_t i = 0; i < entries * kSketchBlocks; ++i) {
    map.positions[i / kSketchBlocks][i % kSketchBlocks] = words[i];
  }
  for (std::size_t row = 0; row < rows; ++row) {
    map.offsets[row] = std::uint64_t{words[entries * kSketchBlocks + row]} * entries >> 32;
  }
  return map;
}

}  // namespace

Tensor<Ring> sketch(const Tensor<Ring>& x, const Tensor<Ring>& coins, std::size_t sums) {
  if (x.shape.empty()) throw std::invalid_argument("sketch: a scalar has no last axis");
  if (sums == 0 || sums % kSketchBlocks != 0 || sums > std::size_t{1} << 31) {
    throw std::invalid_argument("sketch: " + std::to_string(sums) + " sums for " +
                                std::to_string(kSketchBlocks) + " blocks");
  }
  const std::size_t entries = x.shape.back();
  if (entries >> 32 != 0) throw std::invalid_argument("sketch: rows of 2^32 entries or more");
  const std::size_t rows = entries == 0 ? 0 : x.size() / entries;
  const std::uint64_t width = sums / kSketchBlocks;
  Shape shape = x.shape;
  shape.back() = sums;
  Tensor<Ring> result(std::move(shape));
  Map map = expand_coins(coins, entries, rows);
  for (Words& word : map.positions) {  // in place: the sum's number, then the sign
    for (std::size_t b = 0; b < kSketchBlocks; ++b) {
      const std::uint64_t sum = b * width + ((word[b] >> 1) * width >> 31);
      word[b] = static_cast<std::uint32_t>(sum << 1) | (word[b] & 1);
    }
  }
  constexpr std::size_t kChunk = 4096;  // positions whose words stay in the cache for all rows
  for (std::size_t begin = 0; begin < entries; begin += kChunk) {
    const std::size_t end = std::min(entries, begin + kChunk);
    for (std::size_t row = 0; row < rows; ++row) {
      const Ring* in = x.data.data() + row * entries;
      Ring* out = result.data.data() + row * sums;
      std::size_t j = (begin + entries - map.offsets[row]) % entries;
      for (std::size_t position = begin; position < end; ++position) {
        for (const std::uint32_t word : map.positions[position]) {
          const Ring minus = 0 - static_cast<Ring>(word & 1);
          out[word >> 1] += (in[j] ^ minus) - minus;
        }
        if (++j == entries) j = 0;
      }
    }
  }
  return result;
}

}  // namespace duet
