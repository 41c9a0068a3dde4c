#include "duet/digest.h"

#include <openssl/evp.h>

#include "duet/errors.h"

namespace duet {

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
    throw Error("OpenSSL cannot set up SHA-256");
  }
}

void Sha256::update(const void* data, std::size_t size) {
  if (EVP_DigestUpdate(context_.get(), data, size) != 1) throw Error("SHA-256 failed");
}

Digest Sha256::digest() const {
  // Finishing a copy leaves this one open.
  const std::unique_ptr<evp_md_ctx_st, Free> copy(EVP_MD_CTX_new());
  Digest digest;
  if (copy == nullptr || EVP_MD_CTX_copy_ex(copy.get(), context_.get()) != 1 ||
      EVP_DigestFinal_ex(copy.get(), digest.data(), nullptr) != 1) {
    throw Error("SHA-256 failed");
  }
  return digest;
}

}  // namespace duet
