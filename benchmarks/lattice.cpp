// The steps of a product by lattice encryption, one by one: microseconds of one core.
//
//     cmake -S cpp -B build/engine -DDUET_TESTS=ON && cmake --build build/engine &&
//     build/engine/bench_lattice [ifma | avx2 | neon | portable]
//
// With the fastest transform, or the one that is named.
// Where the lattice constants in cpp/src/calibration.h come from.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "duet/transform.h"
#include "parallel.h"
#include "rlwe.h"

namespace {

using namespace duet;

void report(const char* step, int repetitions, const std::function<void()>& work) {
  work();
  const double start = thread_cpu_seconds();
  for (int i = 0; i < repetitions; ++i) work();
  std::printf("%-28s %8.1f us\n", step, (thread_cpu_seconds() - start) / repetitions * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) setenv("DUET_TRANSFORM", argv[1], 1);
  std::printf("with the transform %s\n", name_of(transform_in_use()).data());
  Randomness random = Randomness::os();
  Prg prg = Prg::from_os();
  const RlweSecretKey secret(random);
  const RlwePublicKey key = RlwePublicKey::parse(secret.public_key(prg));
  std::vector<Ring> values(kRlweSize);
  prg.fill(std::span<std::uint64_t>(values));
  const std::vector<std::uint8_t> upload = secret.encrypt(values, prg);
  const RlweCiphertext ciphertext = RlweCiphertext::parse(upload, kRlwePrimes);
  RlweSum sum;
  SecretVector<std::uint64_t> poly(kRlweSize);
  const auto add = [&] {
    for (std::size_t prime = 0; prime < kRlwePrimes; ++prime) {
      transform_factor(values, prime, poly);
      sum.add(std::array{RlweTerm{&ciphertext, poly}}, prime);
    }
  };
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < kRlweSize; i += kMostPacked) wanted.push_back(i);
  const std::vector<Ring> masks(wanted.size());
  const Parallel in_order = [](std::size_t count, const std::function<void(std::size_t)>& task) {
    for (std::size_t i = 0; i < count; ++i) task(i);
  };

  report("encrypt", 100, [&] { secret.encrypt(values, prg); });
  report("parse", 100, [&] { RlweCiphertext::parse(upload, kRlwePrimes); });
  report("add a product", 100, add);
  std::vector<PackedCiphertext> answers(2);
  PackedCiphertext& answer = answers.front();
  report("mask an answer", 100, [&] { sum.mask(key, wanted, masks, prg, answer); });
  report("merge two answers", 100, [&] { key.packing.pack(answers, in_order); });
  report("switch an answer", 100, [&] { answer_of(answer, wanted); });
  const std::vector<std::uint8_t> bytes = answer_of(answer, wanted);
  report("decrypt an answer", 100, [&] { secret.decrypt(bytes, wanted); });
  report("transform", 1000, [&] { rlwe_ntts()[0].forward(poly); });
}
