#include "duet/errors.h"
#include "duet/handshake.h"
#include "two_party.h"
#include "wire_traces.h"

namespace {

using namespace duet;

Handshake party(std::uint32_t number) {
  Handshake hello;
  hello.engine_version = "0.1.0";
  hello.party = number;
  hello.program_hash.fill(7);
  hello.configuration = "ot_k=4";
  return hello;
}

// Both parties refuse; returns what party 0 says.
std::string mismatch(const Handshake& mine, const Handshake& theirs) {
  auto channels = Channel::local_pair();
  Randomness first = Randomness::os();
  Randomness second = Randomness::os();
  std::string message;
  run_both(
      [&] { message = message_of<MismatchError>([&] { handshake(channels.first, mine, first); }); },
      [&] { message_of<MismatchError>([&] { handshake(channels.second, theirs, second); }); });
  return message;
}

void names_what_differs() {
  Handshake theirs = party(1);
  theirs.configuration = "ot_k=8";
  CHECK(
      mismatch(party(0), theirs) ==
      "handshake: the parties differ in their configuration: 'ot_k=4' here, 'ot_k=8' at the peer");
  theirs = party(1);
  theirs.protocol_version = 99;
  CHECK(mismatch(party(0), theirs) ==
        "handshake: the parties differ in their protocol version: 4 here, 99 at the peer");
  theirs = party(1);
  theirs.engine_version = "9.9";
  CHECK(mismatch(party(0), theirs) ==
        "handshake: the parties differ in their engine version: '0.1.0' here, '9.9' at the peer");
  theirs = party(1);
  theirs.program_hash.fill(0xab);
  std::string hash_07;
  std::string hash_ab;
  for (int i = 0; i < 32; ++i) {
    hash_07 += "07";
    hash_ab += "ab";
  }
  CHECK(mismatch(party(0), theirs) == "handshake: the parties differ in their program: " + hash_07 +
                                          " here, " + hash_ab + " at the peer");
  CHECK(mismatch(party(0), party(0)) ==
        "handshake: one party must be 0 and the other 1: 0 here, 0 at the peer");
}

// What both get of it; fixed randomness unless there is another seed.
std::array<Block, 2> agreed(std::uint64_t seed = 1) {
  auto channels = Channel::local_pair();
  std::array<Block, 2> nonces;
  const auto shake = [&](Channel& channel, std::uint32_t number) {
    Randomness randomness = Randomness::for_tests({seed, number});
    nonces[number] = handshake(channel, party(number), randomness);
  };
  run_both([&] { shake(channels.first, 0); }, [&] { shake(channels.second, 1); });
  CHECK(channels.first.traffic().rounds == 1);
  if (seed == 1) check_trace(channels.first, "handshake", 0);
  return nonces;
}

void agrees_on_a_nonce() {
  const auto [first, second] = agreed();
  CHECK(first == second);
  CHECK(agreed(2)[0] != first);
  // Each party's part counts: the nonce is neither one's alone, nor the same when they are swapped.
  const Block part_0 = Randomness::for_tests({1, 0}).seed();
  const Block part_1 = Randomness::for_tests({1, 1}).seed();
  CHECK(first != part_0 && first != part_1 && first != (part_0 ^ part_1));
}

// What party 0 says when the peer sends these bytes.
std::string refused(const std::vector<std::uint8_t>& message) {
  auto channels = Channel::local_pair();
  channels.second.send(message);
  channels.second.flush();
  Randomness randomness = Randomness::os();
  return message_of<ProtocolError>([&] { handshake(channels.first, party(0), randomness); });
}

void refuses_what_is_no_handshake() {
  constexpr std::uint8_t kVersion = kProtocolVersion;
  CHECK(refused({}) == "handshake: the peer's message is too short");
  CHECK(refused({kVersion, 0, 0, 0, 200, 0}) == "handshake: the peer's message is too short");
  for (const std::vector<std::uint8_t>& text :
       std::vector<std::vector<std::uint8_t>>{{0xff},
                                              {0x80},
                                              {0xc3},
                                              {0xc0, 0x80},
                                              {0xe0, 0x9f, 0x80},
                                              {0xed, 0xa0, 0x80},
                                              {0xf0, 0x8f, 0x80, 0x80},
                                              {0xf4, 0x90, 0x80, 0x80},
                                              {0xf5, 0x80, 0x80, 0x80},
                                              {0xe2, 0x82, 'a'}}) {
    std::vector<std::uint8_t> message{kVersion, 0, 0, 0, static_cast<std::uint8_t>(text.size()),
                                      0,        0, 0};
    message.insert(message.end(), text.begin(), text.end());
    CHECK(refused(message) == "handshake: the peer's text is not UTF-8");
  }
}

void text_may_be_any_utf8() {
  Handshake theirs = party(1);
  theirs.configuration = "\u00e9\u20ac\U0001f600 \U0010ffff";
  CHECK(mismatch(party(0), theirs) ==
        "handshake: the parties differ in their configuration: "
        "'ot_k=4' here, '" +
            theirs.configuration + "' at the peer");
}

}  // namespace

int main() {
  names_what_differs();
  agrees_on_a_nonce();
  refuses_what_is_no_handshake();
  text_may_be_any_utf8();
}
