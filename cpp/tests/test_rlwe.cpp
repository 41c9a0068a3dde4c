#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "check.h"
#include "duet/errors.h"
#include "duet/transform.h"
#include "rlwe.h"

namespace {

using namespace duet;

constexpr Ring kLargest = Ring{1} << 63;  // the most negative number: the largest magnitude

std::vector<Ring> random_polynomial(Prg& prg) {
  std::vector<Ring> values(kRlweSize);
  prg.fill(std::span<std::uint64_t>(values));
  return values;
}

// Coefficient `index` of a product modulo X^N + 1 and 2^64.
Ring product_at(const std::vector<Ring>& a, const std::vector<Ring>& b, std::size_t index) {
  Ring sum = 0;
  for (std::size_t i = 0; i < kRlweSize; ++i) {
    const Ring term = a[i] * b[(index + kRlweSize - i) % kRlweSize];
    sum += i <= index ? term : 0 - term;
  }
  return sum;
}

void add(RlweSum& sum, const std::vector<std::uint8_t>& upload, const std::vector<Ring>& factor) {
  const RlweCiphertext ciphertext = RlweCiphertext::parse(upload, kRlwePrimes);
  std::vector<std::uint64_t> transform(kRlweSize);
  for (std::size_t prime = 0; prime < kRlwePrimes; ++prime) {
    transform_factor(factor, prime, transform);
    sum.add(std::array{RlweTerm{&ciphertext, transform}}, prime);
  }
}

// What the owner of the key gets, plus the masks, for a sum of products.
std::vector<Ring> round_trip(const std::vector<std::vector<Ring>>& messages,
                             const std::vector<std::vector<Ring>>& factors,
                             const std::vector<std::size_t>& wanted) {
  Randomness random = Randomness::for_tests({1, 2});
  Prg prg(Block{3, 4});
  const RlweSecretKey secret(random);
  const RlwePublicKey key = RlwePublicKey::parse(secret.public_key(prg));
  RlweSum sum;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::vector<std::uint8_t> upload = secret.encrypt(messages[i], prg);
    CHECK(upload.size() == kUploadBytes);
    add(sum, upload, factors[i]);
  }
  std::vector<Ring> masks(wanted.size());
  prg.fill(std::span<std::uint64_t>(masks));
  PackedCiphertext masked;
  sum.mask(key, wanted, masks, prg, masked);
  const std::vector<std::uint8_t> answer = answer_of(masked, wanted);
  CHECK(answer.size() == answer_bytes(wanted.size()));
  std::vector<Ring> result = secret.decrypt(answer, wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i) result[i] += masks[i];
  return result;
}

void products_are_exact() {
  Prg prg(Block{5, 6});
  const std::vector<std::size_t> wanted{0, 1, 4095, 8190, 8191};
  const std::vector<std::vector<Ring>> messages{random_polynomial(prg), random_polynomial(prg)};
  const std::vector<std::vector<Ring>> factors{random_polynomial(prg), random_polynomial(prg)};
  const std::vector<Ring> found = round_trip(messages, factors, wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    CHECK(found[i] == product_at(messages[0], factors[0], wanted[i]) +
                          product_at(messages[1], factors[1], wanted[i]));
  }
}

// All factors have the largest magnitude and as many uploads are added up as is allowed.
void noise_has_room_at_its_worst() {
  Prg prg(Block{7, 8});
  const std::vector<Ring> largest(kRlweSize, kLargest);
  const std::vector<Ring> message = random_polynomial(prg);
  const std::vector<std::size_t> wanted{0, 8191};
  const std::vector<Ring> found =
      round_trip(std::vector(kMostUploads, message), std::vector(kMostUploads, largest), wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    CHECK(found[i] == kMostUploads * product_at(message, largest, wanted[i]));
  }
}

// 32 answers lie side by side at multiples of 32, three at multiples of 4; noise at its worst.
void answers_are_packed() {
  Randomness random = Randomness::for_tests({1, 2});
  Prg prg(Block{3, 4});
  const RlweSecretKey secret(random);
  const RlwePublicKey key = RlwePublicKey::parse(secret.public_key(prg));
  const std::vector<Ring> message = random_polynomial(prg);
  const std::vector<std::uint8_t> upload = secret.encrypt(message, prg);
  const Parallel in_order = [](std::size_t n, const std::function<void(std::size_t)>& task) {
    for (std::size_t i = 0; i < n; ++i) task(i);
  };
  for (const auto& [count, stride] :
       {std::pair{32, 32}, std::pair{17, 32}, std::pair{3, 4}, std::pair{1, 1}}) {
    std::vector<PackedCiphertext> parts;
    std::vector<std::size_t> wanted;
    std::vector<Ring> expected;
    for (std::size_t part = 0; part < static_cast<std::size_t>(count); ++part) {
      std::vector<Ring> factor(kRlweSize, kLargest);
      factor[part] = part;
      const auto step = static_cast<std::size_t>(stride);
      const std::vector<std::size_t> positions{0, step, 4096, kRlweSize - step};
      RlweSum sum;
      add(sum, upload, factor);
      std::vector<Ring> masks(positions.size());
      prg.fill(std::span<std::uint64_t>(masks));
      sum.mask(key, positions, masks, prg, parts.emplace_back());
      for (std::size_t i = 0; i < positions.size(); ++i) {
        wanted.push_back(positions[i] + part);
        expected.push_back(product_at(message, factor, positions[i]) - masks[i]);
      }
    }
    key.packing.pack(parts, in_order);
    CHECK(secret.decrypt(answer_of(parts.front(), wanted), wanted) == expected);
  }
  message_of<std::invalid_argument>([&] { key.packing.pack({}, in_order); });
}

void equal_messages_look_different() {
  Randomness random = Randomness::for_tests({1, 2});
  Prg prg(Block{3, 4});
  const RlweSecretKey secret(random);
  CHECK(secret.encrypt({}, prg) != secret.encrypt({}, prg));
}

void garbage_is_refused() {
  Randomness random = Randomness::for_tests({1, 2});
  message_of<ProtocolError>(
      [] { RlweCiphertext::parse(std::vector<std::uint8_t>(7), kRlwePrimes); });
  message_of<ProtocolError>(
      [] { RlweCiphertext::parse(std::vector<std::uint8_t>(kUploadBytes, 0xff), kRlwePrimes); });
  message_of<ProtocolError>([] { RlwePublicKey::parse(std::vector<std::uint8_t>(7)); });
  message_of<ProtocolError>([] { PackingKeys::parse(std::vector<std::uint8_t>(7)); });
  const RlweSecretKey secret(random);
  message_of<ProtocolError>([&] { secret.decrypt(std::vector<std::uint8_t>(7), {}); });
}

}  // namespace

int main() {
  try {
    transform_in_use();
  } catch (const Error& e) {  // DUET_TRANSFORM names one of another processor
    std::puts(e.what());
    return 77;
  }
  products_are_exact();
  noise_has_room_at_its_worst();
  answers_are_packed();
  equal_messages_look_different();
  garbage_is_refused();
}
