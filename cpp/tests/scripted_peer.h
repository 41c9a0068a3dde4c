// A connection whose peer has sent what a test or a fuzzer made up, and then has gone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "duet/channel.h"
#include "duet/errors.h"

namespace duet {

class ScriptedPeer : public Transport {
 public:
  explicit ScriptedPeer(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

  std::size_t write_some(std::span<const std::uint8_t> bytes) override { return bytes.size(); }
  std::size_t read_some(std::span<std::uint8_t> bytes) override {
    const std::size_t count = std::min(bytes.size(), bytes_.size() - next_);
    if (count == 0) throw PeerError("the peer is gone");
    std::memcpy(bytes.data(), bytes_.data() + next_, count);
    next_ += count;
    return count;
  }
  bool wait(bool, Milliseconds) override { return false; }
  std::string local_host() const override { return "127.0.0.1"; }
  std::string peer_host() const override { return "127.0.0.1"; }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t next_ = 0;
};

}  // namespace duet
