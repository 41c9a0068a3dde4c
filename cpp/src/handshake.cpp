#include "duet/handshake.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "duet/digest.h"
#include "duet/errors.h"

namespace duet {
namespace {

constexpr std::size_t kMaxText = 64 << 10;
constexpr std::size_t kMaxMessage = 2 * kMaxText + 1024;

// Whether text is well-formed UTF-8 (RFC 3629): error messages show it.
bool is_utf8(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    const std::size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4) return false;
    for (std::size_t j = 1; j <= more; ++j) {
      if (byte(i + j) < 0x80 || byte(i + j) > 0xbf) return false;
    }
    const unsigned second = byte(i + 1);
    // Overlong forms, surrogates, and what is beyond U+10FFFF.
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

// Neither party chooses it alone.
Block session_nonce(Block first, Block second) {
  Sha256 hash;
  hash.update(std::span<const Block>(&first, 1));
  hash.update(std::span<const Block>(&second, 1));
  const Digest digest = hash.digest();
  Block nonce;
  std::memcpy(&nonce, digest.data(), sizeof nonce);
  return nonce;
}

class Writer {
 public:
  void number(std::uint32_t value) { bytes(&value, sizeof value); }
  void text(const std::string& value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes(value.data(), value.size());
  }
  void bytes(const void* data, std::size_t size) {
    const auto* begin = static_cast<const std::uint8_t*>(data);
    message.insert(message.end(), begin, begin + size);
  }

  std::vector<std::uint8_t> message;
};

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> message) : rest_(message) {}

  std::uint32_t number() {
    std::uint32_t value = 0;
    bytes(&value, sizeof value);
    return value;
  }
  std::string text() {
    std::string value(std::min<std::size_t>(number(), kMaxMessage), '\0');
    bytes(value.data(), value.size());
    if (!is_utf8(value)) throw ProtocolError("handshake: the peer's text is not UTF-8");
    return value;
  }
  void bytes(void* data, std::size_t size) {
    if (size > rest_.size()) throw ProtocolError("handshake: the peer's message is too short");
    std::memcpy(data, rest_.data(), size);
    rest_ = rest_.subspan(size);
  }

  void finish() const {
    if (!rest_.empty()) throw ProtocolError("handshake: the peer's message is too long");
  }

 private:
  std::span<const std::uint8_t> rest_;
};

std::string quoted(const std::string& text) { return "'" + text + "'"; }

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

void require_equal(const char* field, const std::string& here, const std::string& there) {
  if (here != there) {
    throw MismatchError(std::string("handshake: the parties differ in their ") + field + ": " +
                        here + " here, " + there + " at the peer");
  }
}

}  // namespace

Block handshake(Channel& channel, const Handshake& mine, Randomness& random) {
  if (mine.configuration.size() > kMaxText || mine.engine_version.size() > kMaxText) {
    throw Error("handshake: the configuration is longer than 64 KiB");
  }
  Writer writer;
  writer.number(mine.protocol_version);
  writer.text(mine.engine_version);
  writer.number(mine.party);
  writer.bytes(mine.program_hash.data(), mine.program_hash.size());
  const Block my_nonce = random.seed();
  writer.bytes(&my_nonce, sizeof my_nonce);
  writer.text(mine.configuration);
  channel.send(writer.message);

  const std::vector<std::uint8_t> message = channel.receive_any(kMaxMessage);
  Reader reader(message);
  // Another protocol version may write the rest in another way: compare before reading on.
  require_equal("protocol version", std::to_string(mine.protocol_version),
                std::to_string(reader.number()));
  require_equal("engine version", quoted(mine.engine_version), quoted(reader.text()));
  const std::uint32_t party = reader.number();
  if (party != 1 - mine.party) {
    throw MismatchError(
        "handshake: one party must be 0 and the other 1: " + std::to_string(mine.party) +
        " here, " + std::to_string(party) + " at the peer");
  }
  std::array<std::uint8_t, 32> program_hash;
  reader.bytes(program_hash.data(), program_hash.size());
  require_equal("program", hex(mine.program_hash), hex(program_hash));
  Block peer_nonce;
  reader.bytes(&peer_nonce, sizeof peer_nonce);
  require_equal("configuration", quoted(mine.configuration), quoted(reader.text()));
  reader.finish();
  return mine.party == 0 ? session_nonce(my_nonce, peer_nonce)
                         : session_nonce(peer_nonce, my_nonce);
}

}  // namespace duet
