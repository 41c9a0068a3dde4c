// The transforms of ntt.h in portable C++.
#include <utility>

#include "ntt_engine.h"

namespace duet {
namespace {

class PortableNtt final : public NttEngine {
 public:
  explicit PortableNtt(NttTables tables) : tables_(std::move(tables)) {}

  void forward(std::span<std::uint64_t> values) const override {
    const Modulus& modulus = tables_.modulus;
    const std::uint64_t twice = 2 * modulus.q();
    // Entries stay below 4q.
    for (std::size_t blocks = 1, half = values.size() / 2; half > 0; blocks *= 2, half /= 2) {
      for (std::size_t block = 0; block < blocks; ++block) {
        const Factor root = tables_.roots[blocks + block];
        std::uint64_t* const low = values.data() + 2 * block * half;
        std::uint64_t* const up = low + half;
        for (std::size_t i = 0; i < half; ++i) {
          const std::uint64_t less = low[i] - twice;
          const std::uint64_t x = less + (twice & (0 - (less >> 63)));
          const std::uint64_t y = modulus.mul_lazy(up[i], root);
          low[i] = x + y;
          up[i] = x + twice - y;
        }
      }
    }
    for (std::uint64_t& value : values) value = modulus.reduce(value);
  }

  void inverse(std::span<std::uint64_t> values) const override {
    const Modulus& modulus = tables_.modulus;
    const std::uint64_t twice = 2 * modulus.q();
    // Entries stay below 2q.
    for (std::size_t blocks = values.size() / 2, half = 1; blocks > 0; blocks /= 2, half *= 2) {
      for (std::size_t block = 0; block < blocks; ++block) {
        const Factor root = tables_.inverse_roots[blocks + block];
        std::uint64_t* const low = values.data() + 2 * block * half;
        std::uint64_t* const up = low + half;
        for (std::size_t i = 0; i < half; ++i) {
          const std::uint64_t x = low[i];
          const std::uint64_t y = up[i];
          const std::uint64_t less = x + y - twice;
          low[i] = less + (twice & (0 - (less >> 63)));
          up[i] = modulus.mul_lazy(x + twice - y, root);
        }
      }
    }
    for (std::uint64_t& value : values) value = modulus.mul(value, tables_.inverse_size);
  }

 private:
  NttTables tables_;
};

}  // namespace

NttEnginePtr portable_ntt(NttTables tables) {
  return std::make_unique<PortableNtt>(std::move(tables));
}

}  // namespace duet
