// Pseudo-random bits (AES-128 in counter mode) and where their seeds come from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "duet/aes.h"
#include "duet/block.h"

namespace duet {

// The byte stream AES(seed, (0, stream)), AES(seed, (1, stream)), …; every call takes the bytes
// that follow those of the call before. Streams of one seed are independent of each other.
class Prg {
 public:
  explicit Prg(Block seed, std::uint64_t stream = 0);
  Prg(Prg&&) noexcept = default;
  ~Prg();

  // A generator with a fresh seed from the operating system.
  static Prg from_os();

  void fill(std::span<std::uint8_t> out);
  void fill(std::span<std::uint64_t> out);
  void fill(std::span<Block> out);
  std::uint64_t next();
  Block block();

 private:
  std::size_t take(std::span<std::uint8_t> out);
  void refill(std::size_t blocks);

  Aes128 aes_;
  Block counter_;
  std::array<Block, 8> buffer_;
  std::size_t begin_ = 0;  // the bytes of buffer_ that are not used yet
  std::size_t end_ = 0;
};

// The source of all of a party's secrets. Only tests may fix it.
class Randomness {
 public:
  static Randomness os() { return Randomness(Prg::from_os(), true); }
  static Randomness for_tests(Block seed) { return Randomness(Prg(seed), false); }

  // A fresh 128-bit secret: a seed, a label, an offset.
  Block seed() { return prg_->block(); }
  void fill(std::span<std::uint8_t> out) { prg_->fill(out); }

  // What follows depends on nothing that was there before, if it is the operating system's.
  void renew() {
    if (from_os_) prg_.emplace(Prg::from_os());
  }

 private:
  Randomness(Prg prg, bool from_os) : prg_(std::move(prg)), from_os_(from_os) {}

  std::optional<Prg> prg_;
  bool from_os_;
};

}  // namespace duet
