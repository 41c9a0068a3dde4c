#include "duet/truncate.h"

#include <span>
#include <stdexcept>
#include <string>

#include "bit_product.h"
#include "calibration.h"
#include "check_shape.h"
#include "duet/prg.h"

namespace duet {
namespace {

constexpr Ring kHalf = Ring{1} << 62;  // what makes x non-negative

Ring low_bits(Ring value, unsigned bits) { return value & ((Ring{1} << bits) - 1); }

std::size_t packed_bytes(std::size_t count) { return (count + 7) / 8; }

}  // namespace

KernelCosts Truncate::costs(Sizes& sizes) {
  const std::uint64_t elements = sizes["elements"];
  return {setup_cost(elements, sizes["bits"], sizes.ot_k()), online_cost(elements),
          calibration::kTruncation * static_cast<double>(elements)};
}

void Truncate::setup(Session& session, const Shape& shape, std::size_t bits) {
  once_.begin_setup();
  if (bits < 1 || bits > 62) {
    throw std::invalid_argument("truncate: " + std::to_string(bits) +
                                " bits are not within 1 to 62");
  }
  bits_ = static_cast<unsigned>(bits);
  product_ = Tensor<Ring>(shape);
  mask_.resize(product_.size());
  Prg(session.random().seed()).fill(std::span<std::uint8_t>(mask_));
  for (std::uint8_t& bit : mask_) bit &= 1;
  bit_products(session, mask_, {&bits_, 1}, product_.data);
  once_.end_setup();
}

void Truncate::send(Session& session, const Tensor<Ring>& share) {
  once_.take(0);
  check_shape(kName, product_.shape, share.shape);
  const bool first = session.party() == 0;
  const Ring added = first ? kHalf : 0;
  const Ring taken = first ? kHalf >> bits_ : 0;
  const Ring up = first ? 0 : (Ring{1} << bits_) - 1;  // party 1 rounds up
  shifted_ = Tensor<Ring>(share.shape);
  top_.resize(share.size());
  SecretVector<std::uint8_t> message(packed_bytes(share.size()));
  for (std::size_t i = 0; i < share.size(); ++i) {
    const Ring x = share.data[i] + added;
    top_[i] = static_cast<std::uint8_t>(x >> 63);
    shifted_.data[i] = (x >> bits_) + ((low_bits(x, bits_) + up) >> bits_) - taken;
    message[i / 8] |= static_cast<std::uint8_t>((top_[i] ^ mask_[i]) << (i % 8));
  }
  session.channel().send(std::span<const std::uint8_t>(message));
}

Tensor<Ring> Truncate::receive(Session& session) {
  once_.take(1);
  SecretVector<std::uint8_t> message(packed_bytes(shifted_.size()));
  session.channel().receive(std::span(message));
  // With d_p = m_p ⊕ the mask of p, and so m_0 = d_0 + (1 - 2·d_0)·a, m_1 likewise:
  // m_0·m_1 = d_1·m_0 + d_0·(m_1 - d_1) + (1 - 2·d_0)·(1 - 2·d_1)·a·b.
  const Ring second = session.party() == 0 ? 0 : 1;
  Tensor<Ring> result = std::move(shifted_);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const Ring top = top_[i];
    const Ring own = top ^ mask_[i];
    const Ring other = (message[i / 8] >> (i % 8)) & 1;
    const Ring both =
        other * (top - second * own) + (1 - 2 * own) * (1 - 2 * other) * product_.data[i];
    result.data[i] -= (top - both) << (64 - bits_);
  }
  return result;
}

Cost Truncate::setup_cost(std::uint64_t elements, std::uint64_t bits, int ot_k) {
  const auto width = static_cast<unsigned>(bits);
  return bit_products_cost(elements, {&width, 1}, ot_k);
}

Cost Truncate::online_cost(std::uint64_t elements) {
  return parallel(message_cost(0, packed_bytes(elements)), message_cost(1, packed_bytes(elements)));
}

}  // namespace duet
