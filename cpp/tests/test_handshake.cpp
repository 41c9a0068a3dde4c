#include "duet/errors.h"
#include "duet/handshake.h"
#include "two_party.h"

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
  std::string message;
  run_both([&] { message = message_of<MismatchError>([&] { handshake(channels.first, mine); }); },
           [&] { message_of<MismatchError>([&] { handshake(channels.second, theirs); }); });
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
        "handshake: the parties differ in their protocol version: 2 here, 99 at the peer");
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

void agrees() {
  auto channels = Channel::local_pair();
  channels.first.enable_trace();
  run_both([&] { handshake(channels.first, party(0)); },
           [&] { handshake(channels.second, party(1)); });
  CHECK(channels.first.traffic().rounds == 1);
  check_trace(channels.first, "3338c6a2831540abf764f60a071cc6c9c66a6ec950eff68cf45f0383ca45e11b");
}

void refuses_a_short_message() {
  auto channels = Channel::local_pair();
  const std::array<std::uint8_t, 6> start{kProtocolVersion, 0, 0, 0, 200, 0};
  channels.second.send(start);
  channels.second.flush();
  CHECK(message_of<ProtocolError>([&] { handshake(channels.first, party(0)); }) ==
        "handshake: the peer's message is too short");
}

}  // namespace

int main() {
  names_what_differs();
  agrees();
  refuses_a_short_message();
}
