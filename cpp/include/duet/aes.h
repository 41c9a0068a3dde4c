// AES-128 (FIPS 197) on batches of blocks. With AES-NI eight blocks are in flight at a time;
// without it OpenSSL's implementation is used, which is constant-time on every processor with SSSE3
// or Neon.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "duet/block.h"

struct evp_cipher_ctx_st;

namespace duet {

class Aes128 {
 public:
  enum class Engine { kAesNi, kOpenSsl };

  explicit Aes128(Block key);
  Aes128(Block key, Engine engine);
  Aes128(Aes128&& other) noexcept;
  Aes128& operator=(Aes128&&) = delete;
  ~Aes128();

  // out[i] = AES(in[i]). `in` and `out` have one length; they may be the same memory.
  void encrypt(std::span<const Block> in, std::span<Block> out) const;

  // out[i] = AES(first + i), where only the low 64 bits count up.
  void counter(Block first, std::span<Block> out) const;

 private:
  struct FreeContext {
    void operator()(evp_cipher_ctx_st* context) const;
  };

  std::array<Block, 11> round_keys_;                         // used with AES-NI
  std::unique_ptr<evp_cipher_ctx_st, FreeContext> context_;  // used without
};

}  // namespace duet
