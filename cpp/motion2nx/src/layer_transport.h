// The session's byte stream as messages of the framework: openings and what the servers agree on go
// over the same connection as its graphs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "communication/communication_layer.h"
#include "duet/channel.h"
#include "transport.h"

namespace ezmotion {

class LayerTransport final : public duet::Transport {
 public:
  static constexpr std::size_t kLongestPiece = std::size_t{1} << 20;

  // Before `layer` is started. `transport` is the one below it.
  LayerTransport(MOTION::Communication::CommunicationLayer& layer,
                 const ezmotion::Transport& transport);
  LayerTransport(const LayerTransport&) = delete;
  LayerTransport& operator=(const LayerTransport&) = delete;
  ~LayerTransport() override;

  // The layer has a thread that sends, and takes everything at once.
  std::size_t write_some(std::span<const std::uint8_t> bytes) override;
  std::size_t read_some(std::span<std::uint8_t> bytes) override;
  bool wait(bool or_write, duet::Milliseconds timeout) override;
  std::string local_host() const override { return transport_.stream().local_host(); }
  std::string peer_host() const override { return transport_.stream().peer_host(); }

 private:
  class Inbox;

  MOTION::Communication::CommunicationLayer& layer_;
  const ezmotion::Transport& transport_;
  std::shared_ptr<Inbox> inbox_;
};

}  // namespace ezmotion
