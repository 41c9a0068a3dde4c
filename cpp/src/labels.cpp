#include "labels.h"

#include <span>

#include "duet/prg.h"

namespace duet {

GarbledTensor fresh_labels(Session& session, const Shape& shape, std::size_t width) {
  GarbledTensor fresh{shape, width, {}};
  if (session.party() == kGarbler) {
    fresh.labels.resize(fresh.elements() * width);
    Prg(session.random().seed()).fill(std::span(fresh.labels));
  }
  return fresh;
}

SecretVector<Block> active_labels(const GarbledTensor& zeros, const Tensor<Ring>& values,
                                  Block delta) {
  SecretVector<Block> labels = zeros.labels;
  for_each_bit(values, zeros.width,
               [&](std::size_t i, Ring bit) { labels[i] ^= block_if(bit, delta); });
  return labels;
}

Tensor<Ring> colours(const GarbledTensor& value) {
  Tensor<Ring> words(value.shape);
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (std::size_t bit = 0; bit < value.width; ++bit) {
      words.data[i] |= (value.labels[i * value.width + bit].lo & 1) << bit;
    }
  }
  return words;
}

Tensor<Ring> decode(const GarbledTensor& value, const Tensor<Ring>& zero_colours) {
  Tensor<Ring> words = colours(value);
  for (std::size_t i = 0; i < words.size(); ++i) words.data[i] ^= zero_colours.data[i];
  return words;
}

}  // namespace duet
