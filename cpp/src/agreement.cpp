#include "duet/agreement.h"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

#include "duet/errors.h"

namespace duet {
namespace {

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

void update(const Context& context, const void* data, std::size_t size) {
  if (EVP_DigestUpdate(context.get(), data, size) != 1) throw std::runtime_error("SHA-256 failed");
}

void update_number(const Context& context, std::uint64_t number) {
  update(context, &number, sizeof number);
}

}  // namespace

std::vector<std::uint8_t> exchange(Session& session, std::span<const std::uint8_t> mine,
                                   std::size_t limit) {
  session.begin(Phase::kAgreement);
  session.channel().send(mine);
  std::vector<std::uint8_t> other = session.channel().receive_any(limit);
  session.end();
  return other;
}

void Agreement::send(Session& session, const std::vector<Tensor<Ring>>& publics) {
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 is not available");
  }
  for (const Tensor<Ring>& value : publics) {
    update_number(context, value.shape.size());
    for (const std::size_t size : value.shape) update_number(context, size);
    update(context, value.data.data(), value.data.size() * sizeof(Ring));
  }
  if (EVP_DigestFinal_ex(context.get(), digest_.data(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 failed");
  }
  session.channel().send(std::span<const std::uint8_t>(digest_));
}

void Agreement::receive(Session& session) {
  std::array<std::uint8_t, kDigestBytes> other{};
  session.channel().receive(std::span<std::uint8_t>(other));
  if (other != digest_) {
    throw MismatchError(
        "the two servers hold different public values (SERVER-placed inputs or what is computed "
        "from them); both must be given the same");
  }
}

}  // namespace duet
