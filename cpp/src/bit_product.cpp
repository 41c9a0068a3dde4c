#include "bit_product.h"

#include <algorithm>

#include "duet/hash.h"
#include "duet/secret.h"

namespace duet {
namespace {

constexpr std::size_t kChunk = kCotChunk;  // products whose OTs and corrections are in memory

Ring low_bits(Ring value, unsigned bits) {
  return bits == 64 ? value : value & ((Ring{1} << bits) - 1);
}

// Numbers of `bits` bits go over the wire in whole bytes.
std::size_t word_bytes(unsigned bits) { return (bits + 7) / 8; }

// Of the first `count` products.
std::size_t bytes_before(std::size_t count, std::span<const unsigned> widths) {
  std::size_t all = 0;
  std::size_t rest = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    all += word_bytes(widths[i]);
    if (i < count % widths.size()) rest += word_bytes(widths[i]);
  }
  return count / widths.size() * all + rest;
}

// Of products [first, first + count).
std::size_t message_bytes(std::size_t first, std::size_t count, std::span<const unsigned> widths) {
  return bytes_before(first + count, widths) - bytes_before(first, widths);
}

void send(Session& session, std::size_t first, std::span<const std::uint8_t> bits,
          std::span<const unsigned> widths, std::uint64_t tweak, std::span<Ring> shares) {
  SecretVector<Block> keys(bits.size());
  session.ot_sender().extend(keys);
  SecretVector<Block> others = keys;
  for (Block& q : others) q ^= session.ot_sender().delta();
  Tccr tccr(session.nonce());
  tccr(keys, tweak, keys);
  tccr(others, tweak, others);
  SecretVector<std::uint8_t> message;
  message.reserve(message_bytes(first, bits.size(), widths));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const unsigned width = widths[(first + i) % widths.size()];
    shares[i] = 0 - keys[i].lo;
    // Bits above those that matter would tell more than the correction.
    const Ring correction = low_bits(keys[i].lo - others[i].lo + bits[i], width);
    for (std::size_t byte = 0; byte < word_bytes(width); ++byte) {
      message.push_back(static_cast<std::uint8_t>(correction >> (8 * byte)));
    }
  }
  session.channel().send(std::span<const std::uint8_t>(message));
  session.channel().flush();
}

void receive(Session& session, std::size_t first, std::span<const std::uint8_t> bits,
             std::span<const unsigned> widths, std::uint64_t tweak, std::span<Ring> shares) {
  SecretVector<Block> keys(bits.size());
  session.ot_receiver().extend(bits, keys);
  Tccr tccr(session.nonce());
  tccr(keys, tweak, keys);
  SecretVector<std::uint8_t> message(message_bytes(first, bits.size(), widths));
  session.channel().receive(std::span(message));
  const std::uint8_t* in = message.data();
  for (std::size_t i = 0; i < bits.size(); ++i) {
    Ring correction = 0;
    for (std::size_t byte = 0; byte < word_bytes(widths[(first + i) % widths.size()]); ++byte) {
      correction |= Ring{*in++} << (8 * byte);
    }
    shares[i] = keys[i].lo + ((0 - Ring{bits[i]}) & correction);
  }
}

}  // namespace

void bit_products(Session& session, std::span<const std::uint8_t> bits,
                  std::span<const unsigned> widths, std::span<Ring> shares) {
  session.init_ot();
  const auto run = session.party() == 0 ? send : receive;
  for (std::size_t first = 0; first < bits.size(); first += kChunk) {
    const std::size_t count = std::min(kChunk, bits.size() - first);
    run(session, first, bits.subspan(first, count), widths, session.reserve_tweaks(count),
        shares.subspan(first, count));
  }
}

Cost bit_products_cost(std::uint64_t count, std::span<const unsigned> widths, int ot_k) {
  Cost cost;
  for (std::uint64_t first = 0; first < count; first += kChunk) {
    const std::uint64_t part = std::min<std::uint64_t>(kChunk, count - first);
    // The corrections follow the choices: one round.
    cost = cost + parallel(cot_extend_cost(part, ot_k, 0),
                           message_cost(0, message_bytes(first, part, widths)));
  }
  return cost;
}

}  // namespace duet
