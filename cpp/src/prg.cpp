#include "duet/prg.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include "duet/errors.h"
#include "duet/secret.h"

namespace duet {

Prg::Prg(Block seed, std::uint64_t stream) : aes_(seed), counter_{0, stream} {}

Prg::~Prg() { wipe(std::span(buffer_)); }

Prg Prg::from_os() {
  Secret<Block> seed;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&seed.expose()), sizeof(Block)) != 1) {
    throw Error("the operating system gives no randomness");
  }
  return Prg(seed.expose());
}

// Takes bytes from what the buffer still has; returns how many.
std::size_t Prg::take(std::span<std::uint8_t> out) {
  const std::size_t bytes = std::min(out.size(), end_ - begin_);
  if (bytes > 0) {
    std::memcpy(out.data(), reinterpret_cast<const std::uint8_t*>(buffer_.data()) + begin_, bytes);
    begin_ += bytes;
  }
  return bytes;
}

void Prg::refill(std::size_t blocks) {
  aes_.counter(counter_, std::span(buffer_).first(blocks));
  counter_.lo += blocks;
  begin_ = 0;
  end_ = blocks * sizeof(Block);
}

void Prg::fill(std::span<std::uint8_t> out) {
  for (out = out.subspan(take(out)); !out.empty(); out = out.subspan(take(out))) {
    // No block more than is asked for: many generators serve one short row only.
    refill(std::min(buffer_.size(), (out.size() + sizeof(Block) - 1) / sizeof(Block)));
  }
}

void Prg::fill(std::span<std::uint64_t> out) {
  fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size_bytes()});
}

void Prg::fill(std::span<Block> out) {
  if (begin_ != end_) {
    fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size_bytes()});
    return;
  }
  aes_.counter(counter_, out);
  counter_.lo += out.size();
}

std::uint64_t Prg::next() {
  std::uint64_t value = 0;
  if (begin_ == end_) refill(buffer_.size());
  fill({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
  return value;
}

Block Prg::block() {
  Block value;
  if (begin_ == end_) refill(buffer_.size());
  fill({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
  return value;
}

}  // namespace duet
