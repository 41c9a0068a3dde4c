// Ciphertexts and keys of lattice encryption: right ones in which bytes have been changed, or cut
// off.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "duet/errors.h"
#include "rlwe.h"

namespace {

using duet::Ring;
using Bytes = std::vector<std::uint8_t>;

constexpr std::array<std::size_t, 3> kWanted{0, 32, 8191};

struct Valid {
  Valid() : random(duet::Randomness::for_tests({1, 2})), key(random), prg({3, 4}) {
    const std::vector<Ring> message{1, 2, 3};
    texts = {key.encrypt(message, prg), key.public_key(prg)};
    const duet::RlwePublicKey peer = duet::RlwePublicKey::parse(texts[1]);
    duet::RlweSum sum;
    std::vector<Ring> factor(duet::kRlweSize, 1);
    const auto upload = duet::RlweCiphertext::parse(texts[0], duet::kRlwePrimes);
    for (std::size_t prime = 0; prime < duet::kRlwePrimes; ++prime) {
      std::vector<std::uint64_t> transform(duet::kRlweSize);
      duet::transform_factor(factor, prime, transform);
      sum.add(std::array{duet::RlweTerm{&upload, transform}}, prime);
    }
    const std::array<Ring, 3> masks{};
    duet::PackedCiphertext answer;
    sum.mask(peer, kWanted, masks, prg, answer);
    texts.push_back(duet::answer_of(answer, kWanted));
  }

  duet::Randomness random;
  duet::RlweSecretKey key;
  duet::Prg prg;
  std::vector<Bytes> texts;  // an upload, a public key, an answer
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Valid valid;
  if (size == 0) return 0;
  // The first byte chooses the text; then four for a position and one for the byte there.
  const std::size_t which = data[0] % 3;
  Bytes text = valid.texts[which];
  for (std::size_t i = 1; i + 5 <= size; i += 5) {
    std::uint32_t position = 0;
    std::memcpy(&position, data + i, sizeof position);
    text[position % text.size()] = data[i + 4];
  }
  if (data[0] >= 0xf0)
    text.resize(text.size() - std::min<std::size_t>(text.size(), data[0] - 0xefU));
  try {
    if (which == 0) {
      duet::RlweCiphertext::parse(text, duet::kRlwePrimes);
    } else if (which == 1) {
      duet::RlwePublicKey::parse(text);
    } else {
      valid.key.decrypt(text, kWanted);
    }
  } catch (const duet::Error&) {
  }
  return 0;
}
