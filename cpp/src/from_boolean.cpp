#include "duet/from_boolean.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bit_product.h"
#include "calibration.h"
#include "duet/prg.h"
#include "planes.h"
#include "width.h"

namespace duet {
namespace {

// The product of bits i counts 2^(i+1), so it matters modulo 2^(63-i); of bit 63 it never does.
std::vector<unsigned> product_widths(std::size_t width) {
  std::vector<unsigned> widths;
  for (unsigned i = 0; i < std::min<std::size_t>(width, 63); ++i) widths.push_back(63 - i);
  return widths;
}

}  // namespace

KernelCosts FromBoolean::costs(Sizes& sizes) {
  const std::uint64_t elements = sizes["elements"];
  const std::uint64_t width = sizes["width"];
  return {setup_cost(elements, width, sizes.ot_k()), online_cost(elements, width),
          calibration::kTransfer * static_cast<double>(width * elements)};
}

void FromBoolean::setup(Session& session, const Shape& shape, std::size_t width) {
  once_.begin_setup();
  checked_width(kName, width);
  party_ = session.party();
  bits_ = BooleanTensor(shape, width);
  Prg(session.random().seed()).fill(std::span<std::uint64_t>(bits_.planes));

  const std::vector<unsigned> widths = product_widths(width);
  const std::size_t elements = bits_.elements();
  SecretVector<std::uint8_t> factors(elements * widths.size());
  for (std::size_t i = 0; i < factors.size(); ++i) {
    factors[i] = static_cast<std::uint8_t>(bits_.bit(i % widths.size(), i / widths.size()));
  }
  SecretVector<Ring> products(factors.size());
  bit_products(session, factors, widths, products);

  shares_.assign(elements * width, 0);
  for (std::size_t e = 0; e < elements; ++e) {
    for (std::size_t i = 0; i < width; ++i) {
      const Ring twice = i < widths.size() ? 2 * products[e * widths.size() + i] : 0;
      shares_[e * width + i] = Ring{bits_.bit(i, e)} - twice;
    }
  }
  once_.end_setup();
}

void FromBoolean::send(Session& session, const BooleanTensor& value) {
  once_.take(0);
  if (value.shape != bits_.shape || value.width != bits_.width) {
    throw std::invalid_argument("from_boolean: set up for " + std::to_string(bits_.width) +
                                " bits of the shape " + shape_text(bits_.shape) + ", got " +
                                std::to_string(value.width) + " of " + shape_text(value.shape));
  }
  for (std::size_t i = 0; i < bits_.planes.size(); ++i) bits_.planes[i] ^= value.planes[i];
  send_planes(session, bits_);
}

Tensor<Ring> FromBoolean::receive(Session& session) {
  once_.take(1);
  const BooleanTensor open = receive_planes(session, bits_);
  Tensor<Ring> result(open.shape);
  for (std::size_t e = 0; e < result.size(); ++e) {
    for (std::size_t i = 0; i < open.width; ++i) {
      const Ring d = open.bit(i, e);
      const Ring bit = (party_ == 0 ? d : 0) + (1 - 2 * d) * shares_[e * open.width + i];
      // The highest bit counts negative.
      result.data[e] += i + 1 == open.width ? 0 - (bit << i) : bit << i;
    }
  }
  shares_ = {};
  return result;
}

Cost FromBoolean::setup_cost(std::uint64_t elements, std::uint64_t width, int ot_k) {
  const std::vector<unsigned> widths = product_widths(width);
  return bit_products_cost(elements * widths.size(), widths, ot_k);
}

Cost FromBoolean::online_cost(std::uint64_t elements, std::uint64_t width) {
  return planes_cost(width, elements);
}

}  // namespace duet
