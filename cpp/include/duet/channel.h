// Messages between the two parties, over any byte stream.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "duet/digest.h"

namespace duet {

using Milliseconds = std::chrono::milliseconds;

// A connected, non-blocking byte stream. TLS would be a second implementation.
class Transport {
 public:
  virtual ~Transport() = default;

  // Both move as many bytes as they can without waiting, 0 if none; PeerError if the peer is gone.
  virtual std::size_t write_some(std::span<const std::uint8_t> bytes) = 0;
  virtual std::size_t read_some(std::span<std::uint8_t> bytes) = 0;

  // Waits until bytes can be read or, if `or_write`, written. False when the time is over.
  virtual bool wait(bool or_write, Milliseconds timeout) = 0;

  // The numeric addresses of both ends, for a second connection between the same hosts.
  virtual std::string local_host() const = 0;
  virtual std::string peer_host() const = 0;
};

// A slow connection to emulate, for experiments: what one end sends leaves at `bytes_per_second`,
// each byte after those before it, and arrives after `delay`.
struct Link {
  double bytes_per_second;
  std::chrono::nanoseconds delay;
};

// Connects to a listening peer, which may come up later than this party, within `timeout`.
// Here and below, a `link` shapes what this end sends; full duplex takes one at each end.
std::unique_ptr<Transport> connect_transport(const std::string& host, std::uint16_t port,
                                             Milliseconds timeout, std::optional<Link> link = {});

struct Traffic {
  std::uint64_t bytes_sent = 0;  // frame headers included
  std::uint64_t bytes_received = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t rounds = 0;  // turns from sending (or from the start) to receiving
};

// Length-checked messages, cut into frames of at most 1 MiB. Sending never deadlocks, even if both
// parties send more than the network holds: while it waits to write, a channel reads ahead.
// Small messages are collected; receive() and flush() push them out. After a last send, flush().
// After an exception a channel cannot be used any more.
class Channel {
 public:
  explicit Channel(std::unique_ptr<Transport> transport);
  Channel(Channel&&) noexcept;
  Channel& operator=(Channel&&) noexcept;
  ~Channel();

  static Channel connect(const std::string& host, std::uint16_t port, Milliseconds timeout,
                         std::optional<Link> link = {});
  // Waits for a peer within `timeout`. AddressError if the port is taken.
  static Channel listen(const std::string& host, std::uint16_t port, Milliseconds timeout);
  // Two connected channels in one process.
  static std::pair<Channel, Channel> local_pair(std::optional<Link> link = {});

  void send(std::span<const std::uint8_t> message);
  // Receives the next message, whose length must be that of `message`.
  void receive(std::span<std::uint8_t> message);
  // Receives the next message, whatever its length up to `limit`.
  std::vector<std::uint8_t> receive_any(std::size_t limit);
  void flush();

  template <class T>
  requires std::is_trivially_copyable_v<T>
  void send(std::span<const T> values) {
    send({reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()});
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void receive(std::span<T> values) {
    receive({reinterpret_cast<std::uint8_t*>(values.data()), values.size_bytes()});
  }
  template <class T>
  requires std::is_trivially_copyable_v<T> std::vector<T> receive(std::size_t count) {
    std::vector<T> values(count);
    receive(std::span<T>(values));
    return values;
  }

  // The longest time without any progress before a TimeoutError; 60 s at first. A frame's header
  // must also be complete within 5/4 of this time, and its payload within as much again plus the
  // time it takes at 16 KiB/s; the same holds for sending. So a peer that lets single bytes through
  // cannot delay a round for long.
  void set_idle_timeout(Milliseconds timeout) { idle_timeout_ = timeout; }
  Milliseconds idle_timeout() const { return idle_timeout_; }

  std::string local_host() const { return transport_->local_host(); }
  std::string peer_host() const { return transport_->peer_host(); }

  const Traffic& traffic() const { return traffic_; }
  void reset_traffic();

  // Of every frame, header and payload, since the connection was made: in one direction both ends
  // have the same digest, unless something was altered on the way.
  Digest sent_digest() const { return sent_.digest(); }
  Digest received_digest() const { return received_.digest(); }

 private:
  enum class FrameType : std::uint16_t { kMore = 1, kLast = 2 };
  struct FrameHeader;

  void put(std::span<const std::uint8_t> bytes);
  void write_all(std::span<const std::uint8_t> bytes);
  void read_all(std::span<std::uint8_t> bytes);
  void read_payload(std::span<std::uint8_t> bytes);
  bool read_ahead();
  void set_deadline(std::size_t bytes);
  void check_deadline() const;
  void wait(bool or_write);
  void start_receiving();
  FrameHeader receive_header();

  std::unique_ptr<Transport> transport_;
  std::vector<std::uint8_t> outgoing_;  // sent, but not written yet
  std::vector<std::uint8_t> incoming_;  // read ahead; what is not received yet lies
  std::size_t incoming_begin_ = 0;      // from here
  std::size_t incoming_end_ = 0;        // to here
  std::uint64_t frames_sent_ = 0;
  std::uint64_t frames_received_ = 0;
  bool receiving_ = false;
  Milliseconds idle_timeout_{60'000};
  std::chrono::steady_clock::time_point deadline_;
  Traffic traffic_;
  Sha256 sent_;
  Sha256 received_;
};

// A listening TCP socket. Port 0 takes any free port.
class Listener {
 public:
  Listener(const std::string& host, std::uint16_t port);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  std::uint16_t port() const;
  Channel accept(Milliseconds timeout, std::optional<Link> link = {}) {
    return Channel(accept_transport(timeout, link));
  }
  std::unique_ptr<Transport> accept_transport(Milliseconds timeout, std::optional<Link> link = {});

 private:
  std::string host_;
  int socket_;
};

}  // namespace duet
