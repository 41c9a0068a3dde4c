#include "words.h"

#include <cstdint>
#include <span>

#include "duet/secret.h"

namespace duet {

void send_words(Session& session, const Tensor<Ring>& words, std::size_t width) {
  SecretVector<std::uint8_t> message;
  message.reserve(words.size() * word_bytes(width));
  for (const Ring word : words.data) {
    // Bits above the width would tell more than the word.
    const Ring low = width == 64 ? word : word & ((Ring{1} << width) - 1);
    for (std::size_t i = 0; i < word_bytes(width); ++i) {
      message.push_back(static_cast<std::uint8_t>(low >> (8 * i)));
    }
  }
  session.channel().send(std::span<const std::uint8_t>(message));
}

Tensor<Ring> receive_words(Session& session, const Shape& shape, std::size_t width) {
  Tensor<Ring> words(shape);
  SecretVector<std::uint8_t> message(words.size() * word_bytes(width));
  session.channel().receive(std::span(message));
  for (std::size_t i = 0; i < message.size(); ++i) {
    words.data[i / word_bytes(width)] |= Ring{message[i]} << (8 * (i % word_bytes(width)));
  }
  return words;
}

}  // namespace duet
