#include "duet/agreement.h"

#include <span>

#include "duet/errors.h"

namespace duet {

KernelCosts Agreement::costs(Sizes&) { return {{}, online_cost()}; }

void Agreement::send(Session& session, const std::vector<Tensor<Ring>>& publics) {
  Sha256 hash;
  for (const Tensor<Ring>& value : publics) {
    hash.update_number(value.shape.size());
    for (const std::size_t size : value.shape) hash.update_number(size);
    hash.update(std::span<const Ring>(value.data));
  }
  digest_ = hash.digest();
  session.channel().send(std::span<const std::uint8_t>(digest_));
}

void Agreement::receive(Session& session) {
  Digest other{};
  session.channel().receive(std::span<std::uint8_t>(other));
  if (other != digest_) {
    throw MismatchError(
        "the two servers hold different public values (SERVER-placed inputs or what is computed "
        "from them); both must be given the same");
  }
}

}  // namespace duet
