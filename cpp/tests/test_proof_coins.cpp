// The coins of client proofs come from the operating system after the uploads are listed, not from
// the session's generator, of which a colluding server may know the state (docs/client-proofs.md,
// theorem 6). Here OpenSSL gives, in place of the operating system's randomness, numbers that the
// test knows and counts.
#define OPENSSL_API_COMPAT 0x10100000L  // RAND_set_rand_method has no equal among newer functions
#include <openssl/rand.h>

#include <array>
#include <cstring>
#include <vector>

#include "duet/client_proofs.h"
#include "duet/prg.h"
#include "duet/session.h"
#include "protocol.h"

namespace {

using namespace duet;

std::uint64_t given = 0;  // seeds so far

Block seed_from_os(std::uint64_t number) { return {number, 0x05}; }

int give_seed(unsigned char* bytes, int size) {
  CHECK(size == sizeof(Block));
  const Block seed = seed_from_os(++given);
  std::memcpy(bytes, &seed, sizeof seed);
  return 1;
}

int ready() { return 1; }

constexpr RAND_METHOD kCountedSeeds{nullptr, give_seed, nullptr, nullptr, give_seed, ready};

class NoUploads final : public MaskedUploads {
 public:
  std::size_t size() const override { return 0; }
  void use(std::size_t, const std::function<void(const MaskedUpload&)>&) const override {}
};

// What a server sends first in a round; `rounds`: how many come before on the same session.
Block coin_of(int party, int rounds) {
  auto [own, peer] = Channel::local_pair();
  const std::uint64_t before = given;
  Session session(std::move(own), party, Randomness::os(), kTestNonce);
  CHECK(given == before + 1);
  const ProofLayout layout({{4, 80, 4}}, {}, {});
  std::array<Block, 1> coin;
  for (int round = 0; round <= rounds; ++round) {
    peer.send(std::span<const Block>(std::array{Block{7, 8}}));
    // Of no clients, what follows the coins is empty.
    peer.send(std::span<const std::uint8_t>());
    peer.flush();
    session.begin(Phase::kAgreement);  // here servers compare their lists of uploads
    session.end();
    if (party == 0) {
      ClientProofs::run(session, layout, std::vector<Block>{});
    } else {
      ClientProofs::run(session, layout, NoUploads{});
    }
    peer.receive(std::span<Block>(coin));
    peer.receive(std::span<std::uint8_t>());
  }
  return coin[0];
}

}  // namespace

int main() {
  CHECK(RAND_set_rand_method(&kCountedSeeds) == 1);
  for (const int party : {0, 1}) {
    for (const int rounds : {0, 1, 5}) {
      const Block coin = coin_of(party, rounds);
      // A seed that the operating system gave in this round only, and the coin is what follows
      // first.
      CHECK(coin == Prg(seed_from_os(given)).block());
    }
  }
  // A session and each of its rounds have asked once.
  CHECK(given == 2 * (2 + 3 + 7));
}
