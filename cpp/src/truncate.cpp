#include "duet/truncate.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>

#include "duet/hash.h"
#include "duet/prg.h"

namespace duet {
namespace {

constexpr Ring kHalf = Ring{1} << 62;  // what makes x non-negative

// OTs and their corrections for as many elements are in memory at once: those of one message.
constexpr std::size_t kChunk = kCotChunk;

Ring low_bits(Ring value, unsigned bits) { return value & ((Ring{1} << bits) - 1); }

// Numbers of `bits` bits go over the wire in whole bytes.
std::size_t word_bytes(std::size_t bits) { return (bits + 7) / 8; }

std::size_t packed_bytes(std::size_t count) { return (count + 7) / 8; }

// Party 0: its shares -k0 of a·b, from the keys k0 and k1 of the OTs, and corrections k0 - k1 + a.
void offer(Session& session, unsigned bits, std::uint64_t tweak, std::span<const std::uint8_t> mask,
           std::span<Ring> product) {
  SecretVector<Block> keys(mask.size());
  session.ot_sender().extend(keys);
  SecretVector<Block> other = keys;
  for (Block& q : other) q ^= session.ot_sender().delta();
  tccr(keys, tweak, keys);
  tccr(other, tweak, other);
  SecretVector<std::uint8_t> message;
  message.reserve(mask.size() * word_bytes(bits));
  for (std::size_t i = 0; i < mask.size(); ++i) {
    product[i] = 0 - keys[i].lo;
    // Bits above those that matter would tell more than the correction.
    const Ring correction = low_bits(keys[i].lo - other[i].lo + mask[i], bits);
    for (std::size_t byte = 0; byte < word_bytes(bits); ++byte) {
      message.push_back(static_cast<std::uint8_t>(correction >> (8 * byte)));
    }
  }
  session.channel().send(std::span<const std::uint8_t>(message));
  session.channel().flush();
}

// Party 1: its shares k0 + a·b, from the key that it chose and the correction.
void choose(Session& session, unsigned bits, std::uint64_t tweak,
            std::span<const std::uint8_t> mask, std::span<Ring> product) {
  SecretVector<Block> keys(mask.size());
  session.ot_receiver().extend(mask, keys);
  tccr(keys, tweak, keys);
  SecretVector<std::uint8_t> message(mask.size() * word_bytes(bits));
  session.channel().receive(std::span(message));
  const std::uint8_t* in = message.data();
  for (std::size_t i = 0; i < mask.size(); ++i) {
    Ring correction = 0;
    for (std::size_t byte = 0; byte < word_bytes(bits); ++byte) {
      correction |= Ring{*in++} << (8 * byte);
    }
    product[i] = keys[i].lo + ((0 - Ring{mask[i]}) & correction);
  }
}

}  // namespace

void Truncate::setup(Session& session, const Shape& shape, std::size_t bits) {
  once_.begin_setup();
  if (bits < 1 || bits > 62) {
    throw std::invalid_argument("truncate: " + std::to_string(bits) +
                                " bits are not within 1 to 62");
  }
  bits_ = static_cast<unsigned>(bits);
  session.init_ot();
  product_ = Tensor<Ring>(shape);
  mask_.resize(product_.size());
  Prg(session.random().seed()).fill(std::span<std::uint8_t>(mask_));
  for (std::uint8_t& bit : mask_) bit &= 1;
  const auto run = session.party() == 0 ? offer : choose;
  for (std::size_t first = 0; first < mask_.size(); first += kChunk) {
    const std::size_t count = std::min(kChunk, mask_.size() - first);
    run(session, bits_, session.reserve_tweaks(count), std::span(mask_).subspan(first, count),
        std::span<Ring>(product_.data).subspan(first, count));
  }
  once_.end_setup();
}

void Truncate::send(Session& session, const Tensor<Ring>& share) {
  once_.take(0);
  if (share.shape != product_.shape) {
    throw std::invalid_argument("truncate: set up for the shape " + shape_text(product_.shape) +
                                ", got " + shape_text(share.shape));
  }
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
  Cost cost;
  for (std::uint64_t first = 0; first < elements; first += kChunk) {
    const std::uint64_t count = std::min<std::uint64_t>(kChunk, elements - first);
    cost =
        cost + parallel(cot_extend_cost(count, ot_k, 0), message_cost(0, count * word_bytes(bits)));
  }
  return cost;
}

Cost Truncate::online_cost(std::uint64_t elements) {
  return parallel(message_cost(0, packed_bytes(elements)), message_cost(1, packed_bytes(elements)));
}

}  // namespace duet
