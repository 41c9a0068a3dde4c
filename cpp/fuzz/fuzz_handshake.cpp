// The handshake: what the peer says of itself, in a frame of the right form.
#include "duet/handshake.h"
#include "scripted_peer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto length = static_cast<std::uint32_t>(size);
  std::vector<std::uint8_t> bytes(16);
  const std::uint16_t start[] = {0x5544, 2};
  std::memcpy(bytes.data(), start, sizeof start);
  std::memcpy(bytes.data() + 4, &length, sizeof length);
  bytes.insert(bytes.end(), data, data + size);
  duet::Channel channel(std::make_unique<duet::ScriptedPeer>(std::move(bytes)));
  duet::Randomness random = duet::Randomness::for_tests({1, 2});
  try {
    handshake(channel, {.configuration = "ot_k=4"}, random);
  } catch (const duet::Error& error) {
    // Messages are shown to people: they must be text.
    for (const char* c = error.what(); *c != '\0'; ++c) {
      if (static_cast<unsigned char>(*c) == 0xff) __builtin_trap();
    }
  }
  return 0;
}
