#include "duet/boolean.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "transpose.h"
#include "width.h"

namespace duet {
namespace {

// Writes the low `width` bits of all values into the planes from `first` on.
void store_bits(BooleanTensor& to, std::size_t first, std::size_t width,
                const Tensor<Ring>& values) {
  Secret<std::array<Block, 128>> tile;
  for (std::size_t done = 0; done < values.size(); done += 128) {
    const std::size_t count = std::min<std::size_t>(128, values.size() - done);
    tile.expose() = {};
    for (std::size_t e = 0; e < count; ++e) tile.expose()[e].lo = values.data[done + e];
    transpose(tile.expose());
    for (std::size_t i = 0; i < width; ++i) {
      const std::span<std::uint64_t> plane = to.plane(first + i).subspan(done / 64);
      plane[0] = tile.expose()[i].lo;
      if (plane.size() > 1) plane[1] = tile.expose()[i].hi;
    }
  }
}

}  // namespace

BooleanTensor::BooleanTensor(Shape dimensions, std::size_t bits)
    : shape(std::move(dimensions)),
      width(bits),
      plane_words((elements() + 63) / 64),
      planes(width * plane_words) {}

BooleanTensor with_shape(BooleanTensor value, Shape shape) {
  value.shape = std::move(shape);
  return value;
}

BooleanTensor pick(const BooleanTensor& value, Shape shape, std::span<const std::size_t> indices) {
  BooleanTensor picked(std::move(shape), value.width);
  for (std::size_t i = 0; i < value.width; ++i) {
    for (std::size_t e = 0; e < indices.size(); ++e) {
      picked.plane(i)[e / 64] |= std::uint64_t{value.bit(i, indices[e])} << (e % 64);
    }
  }
  return picked;
}

BooleanTensor append(BooleanTensor value, const BooleanTensor& more) {
  if (value.width != more.width) throw std::invalid_argument("Boolean values differ in width");
  const std::size_t before = value.elements();
  BooleanTensor both({before + more.elements()}, value.width);
  for (std::size_t i = 0; i < both.width; ++i) {
    for (std::size_t e = 0; e < both.elements(); ++e) {
      const bool bit = e < before ? value.bit(i, e) : more.bit(i, e - before);
      both.plane(i)[e / 64] |= std::uint64_t{bit} << (e % 64);
    }
  }
  return both;
}

BooleanTensor summands(const Session& session, const Tensor<Ring>& share, std::size_t width) {
  checked_width("summands", width);
  BooleanTensor words(share.shape, 2 * width);
  store_bits(words, session.party() == 0 ? 0 : width, width, share);
  return words;
}

BooleanTensor public_bits(const Session& session, const Tensor<Ring>& value, std::size_t width) {
  checked_width("public_bits", width);
  BooleanTensor word(value.shape, width);
  if (session.party() == 0) store_bits(word, 0, width, value);
  return word;
}

BooleanTensor colour_shares(const GarbledTensor& value) {
  BooleanTensor bits(value.shape, value.width);
  for (std::size_t e = 0; e < value.elements(); ++e) {
    for (std::size_t i = 0; i < value.width; ++i) {
      bits.plane(i)[e / 64] |= (value.labels[e * value.width + i].lo & 1) << (e % 64);
    }
  }
  return bits;
}

}  // namespace duet
