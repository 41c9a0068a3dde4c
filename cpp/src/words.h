// Words of at most 64 bits as a message: each takes whole bytes.
#pragma once

#include <cstddef>

#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

constexpr std::size_t word_bytes(std::size_t width) { return (width + 7) / 8; }

// The low `width` bits of each word.
void send_words(Session& session, const Tensor<Ring>& words, std::size_t width);
Tensor<Ring> receive_words(Session& session, const Shape& shape, std::size_t width);

}  // namespace duet
