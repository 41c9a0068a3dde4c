// Planes of bits (boolean.h) as messages: each plane takes whole bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "duet/boolean.h"

namespace duet {

inline std::size_t plane_bytes(std::size_t elements) { return (elements + 7) / 8; }

inline void send_planes(Session& session, const BooleanTensor& value) {
  const std::size_t bytes = plane_bytes(value.elements());
  SecretVector<std::uint8_t> message(value.width * bytes);
  for (std::size_t i = 0; i < value.width && bytes > 0; ++i) {
    std::uint8_t* out = &message[i * bytes];
    std::memcpy(out, value.plane(i).data(), bytes);
    // Bits of no element stay at home.
    if (value.elements() % 8 != 0) {
      out[bytes - 1] &= static_cast<std::uint8_t>((1 << (value.elements() % 8)) - 1);
    }
  }
  session.channel().send(std::span<const std::uint8_t>(message));
}

// Receives planes of the shape and width of `own`, and adds its bits: what both sent is open then.
inline BooleanTensor receive_planes(Session& session, const BooleanTensor& own) {
  const std::size_t bytes = plane_bytes(own.elements());
  SecretVector<std::uint8_t> message(own.width * bytes);
  session.channel().receive(std::span(message));
  BooleanTensor sum(own.shape, own.width);
  for (std::size_t i = 0; i < own.width && bytes > 0; ++i) {
    std::memcpy(sum.plane(i).data(), &message[i * bytes], bytes);
  }
  for (std::size_t i = 0; i < sum.planes.size(); ++i) sum.planes[i] ^= own.planes[i];
  return sum;
}

inline Cost planes_cost(std::uint64_t width, std::uint64_t elements) {
  const std::uint64_t bytes = width * plane_bytes(elements);
  return parallel(message_cost(0, bytes), message_cost(1, bytes));
}

}  // namespace duet
