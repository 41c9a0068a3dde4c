#include "duet/garbled_tensor.h"

#include <stdexcept>
#include <utility>

namespace duet {

GarbledTensor with_shape(GarbledTensor value, Shape shape) {
  value.shape = std::move(shape);
  return value;
}

GarbledTensor pick(const GarbledTensor& value, Shape shape, std::span<const std::size_t> indices) {
  GarbledTensor picked{std::move(shape), value.width, {}};
  if (value.labels.empty()) return picked;
  picked.labels.reserve(indices.size() * value.width);
  for (const std::size_t index : indices) {
    const auto begin = value.labels.begin() + static_cast<std::ptrdiff_t>(index * value.width);
    picked.labels.insert(picked.labels.end(), begin,
                         begin + static_cast<std::ptrdiff_t>(value.width));
  }
  return picked;
}

GarbledTensor append(GarbledTensor value, const GarbledTensor& more) {
  if (value.width != more.width) throw std::invalid_argument("garbled values differ in width");
  value.shape = {value.elements() + more.elements()};
  value.labels.insert(value.labels.end(), more.labels.begin(), more.labels.end());
  return value;
}

}  // namespace duet
