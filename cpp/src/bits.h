// Numbers of a few bits as a message: one after the other, lowest bits first, in whole bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "duet/ring.h"
#include "duet/secret.h"

namespace duet {

inline std::size_t packed_bytes(std::size_t count, unsigned width) {
  return (count * width + 7) / 8;
}

// The low `width` bits of each value.
inline SecretVector<std::uint8_t> pack(std::span<const Ring> values, unsigned width) {
  SecretVector<std::uint8_t> bytes(packed_bytes(values.size(), width));
  std::size_t at = 0;
  for (const Ring value : values) {
    for (unsigned done = 0; done < width;) {
      const auto offset = static_cast<unsigned>(at % 8);
      const unsigned count = std::min(8 - offset, width - done);
      const Ring part = (value >> done) & ((Ring{1} << count) - 1);
      bytes[at / 8] = static_cast<std::uint8_t>(bytes[at / 8] | (part << offset));
      done += count;
      at += count;
    }
  }
  return bytes;
}

inline void unpack(std::span<const std::uint8_t> bytes, unsigned width, std::span<Ring> values) {
  std::size_t at = 0;
  for (Ring& value : values) {
    value = 0;
    for (unsigned done = 0; done < width;) {
      const auto offset = static_cast<unsigned>(at % 8);
      const unsigned count = std::min(8 - offset, width - done);
      const Ring part = (Ring{bytes[at / 8]} >> offset) & ((Ring{1} << count) - 1);
      value |= part << done;
      done += count;
      at += count;
    }
  }
}

}  // namespace duet
