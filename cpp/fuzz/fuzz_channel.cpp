// Frames: whatever comes is a message or a typed error.
#include "scripted_peer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  duet::Channel channel(
      std::make_unique<duet::ScriptedPeer>(std::vector<std::uint8_t>(data + 1, data + size)));
  try {
    // The first byte says what is expected: messages of any length, or of certain ones.
    for (std::size_t i = 0;; ++i) {
      if ((data[0] >> (i % 8) & 1) != 0) {
        channel.receive_any(1000);
      } else {
        channel.receive<std::uint8_t>(i % 5);
      }
    }
  } catch (const duet::Error&) {
  }
  return 0;
}
