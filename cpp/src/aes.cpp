#include "duet/aes.h"

#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

#include "aes_ni.h"
#include "duet/cpu_features.h"
#include "duet/errors.h"
#include "duet/secret.h"

namespace duet {
namespace {

constexpr std::size_t kOpenSslBatch = 1 << 20;  // OpenSSL counts bytes in an int

evp_cipher_ctx_st* new_context(Block key) {
  evp_cipher_ctx_st* context = EVP_CIPHER_CTX_new();
  const auto* key_bytes = reinterpret_cast<const unsigned char*>(&key);
  if (context == nullptr ||
      EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), nullptr, key_bytes, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context, 0) != 1) {
    EVP_CIPHER_CTX_free(context);
    throw Error("OpenSSL cannot set up AES-128");
  }
  return context;
}

void encrypt_with(evp_cipher_ctx_st* context, std::span<const Block> in, std::span<Block> out) {
  for (std::size_t i = 0; i < in.size(); i += kOpenSslBatch) {
    const std::span<const Block> part = in.subspan(i, std::min(kOpenSslBatch, in.size() - i));
    int written = 0;
    if (EVP_EncryptUpdate(context, reinterpret_cast<unsigned char*>(&out[i]), &written,
                          reinterpret_cast<const unsigned char*>(part.data()),
                          static_cast<int>(part.size_bytes())) != 1) {
      throw Error("OpenSSL cannot encrypt with AES-128");
    }
  }
}

}  // namespace

Aes128::Aes128(Block key) : Aes128(key, cpu_features().aes ? Engine::kAesNi : Engine::kOpenSsl) {}

Aes128::Aes128(Block key, Engine engine) {
  if (engine == Engine::kAesNi) {
    round_keys_ = aes_ni::expand(key);
  } else {
    context_.reset(new_context(key));
  }
}

Aes128::Aes128(Aes128&& other) noexcept
    : round_keys_(other.round_keys_), context_(std::move(other.context_)) {
  wipe(std::span(other.round_keys_));
}

Aes128::~Aes128() { wipe(std::span(round_keys_)); }

void Aes128::FreeContext::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

void Aes128::encrypt(std::span<const Block> in, std::span<Block> out) const {
  if (in.size() != out.size()) throw std::invalid_argument("Aes128::encrypt: lengths differ");
  if (context_ == nullptr) {
    aes_ni::encrypt(round_keys_, in, out);
  } else {
    encrypt_with(context_.get(), in, out);
  }
}

void Aes128::counter(Block first, std::span<Block> out) const {
  if (context_ == nullptr) {
    aes_ni::counter(round_keys_, first, out);
    return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = {first.lo + i, first.hi};
  encrypt_with(context_.get(), out, out);
}

}  // namespace duet
