#include "duet/secret.h"

#include <openssl/crypto.h>

namespace duet {

void wipe(void* data, std::size_t bytes) noexcept { OPENSSL_cleanse(data, bytes); }

}  // namespace duet
