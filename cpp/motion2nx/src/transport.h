// Our transport for the framework's messages: TCP_NODELAY, time limits, statistics of rounds.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "communication/message.h"
#include "communication/transport.h"
#include "duet/channel.h"

namespace ezmotion {

// Ends the process; see Connection::Watch.
[[noreturn]] void give_up(const char* why);

// What carries a piece of the session's own stream (LayerTransport): a type that belongs to BMR, a
// protocol of three and more parties, so that no backend for two registers it.
inline constexpr auto kSessionMessage = MOTION::Communication::MessageType::BMRANDGate;

// Messages with a length of 8 bytes before them. The framework's statistics leave out the payload
// of the session's messages, which the session's channel counts. One thread of the framework sends,
// another one receives; both only touch what is atomic, and the socket.
class Transport final : public MOTION::Communication::Transport {
 public:
  Transport(std::unique_ptr<duet::Transport> stream, duet::Milliseconds idle_timeout)
      : stream_(std::move(stream)), idle_timeout_(idle_timeout) {}

  // Before the framework takes over: plain bytes, without a header.
  void write(std::span<const std::uint8_t> bytes);
  void read(std::span<std::uint8_t> bytes);

  // PeerError if the peer has gone since the last watch.
  void watch(bool on);
  // Whether nothing need be heard for now.
  void pause(bool on) {
    note_progress();
    paused_ = on;
  }
  // Makes receive_message() return, so that the framework's thread can end.
  void stop() {
    note_progress();
    stopped_ = true;
  }
  bool is_open() const { return open_; }
  const duet::Transport& stream() const { return *stream_; }
  // All that went over the stream in messages, whoever counts it.
  std::uint64_t all_bytes_sent() const { return all_sent_; }
  std::uint64_t all_bytes_received() const { return all_received_; }
  // Turns from sending to receiving.
  std::uint64_t rounds() const { return rounds_; }

  void send_message(std::vector<std::uint8_t>&& message) override { send_message(message); }
  void send_message(const std::vector<std::uint8_t>& message) override {
    send_message(message.data(), message.size());
  }
  void send_message(const std::uint8_t* message, std::size_t size) override;
  bool available() const override;
  std::optional<std::vector<std::uint8_t>> receive_message() override;
  void shutdown_send() override {}
  void shutdown() override {}

 private:
  using Clock = std::chrono::steady_clock;

  // False if it was stopped.
  bool read_all(std::span<std::uint8_t> bytes);
  void lost(const char* why);
  bool is_silent() const;
  void note_progress() { last_progress_ = Clock::now().time_since_epoch().count(); }

  std::unique_ptr<duet::Transport> stream_;
  duet::Milliseconds idle_timeout_;
  std::atomic<bool> watched_ = false;
  std::atomic<bool> paused_ = false;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> open_ = true;
  std::atomic<bool> has_sent_ = false;
  std::atomic<std::uint64_t> rounds_ = 0;
  std::atomic<std::uint64_t> all_sent_ = 0;
  std::atomic<std::uint64_t> all_received_ = 0;
  std::atomic<Clock::rep> last_progress_ = 0;
};

}  // namespace ezmotion
