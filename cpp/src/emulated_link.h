// An emulated link: a thread that passes bytes on as late as the link would.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "duet/channel.h"
#include "socket.h"

namespace duet {

class EmulatedLink {
 public:
  // Delivers to the socket `exit`, which outlives this object.
  EmulatedLink(int exit, const Link& link);
  EmulatedLink(const EmulatedLink&) = delete;
  EmulatedLink& operator=(const EmulatedLink&) = delete;
  // Waits until what is under way has arrived, unless the peer is gone or takes nothing.
  ~EmulatedLink();

  // A non-blocking socket to write to. It is full while too much waits to leave, and breaks when
  // the peer is gone.
  int entrance() const { return entrance_.get(); }

 private:
  using Clock = std::chrono::steady_clock;

  struct Packet {
    Clock::time_point due;
    std::vector<std::uint8_t> bytes;
    std::size_t delivered = 0;
  };

  EmulatedLink(std::pair<Socket, Socket> ends, int exit, const Link& link);

  // The thread's part; the rest of the state is its own.
  void run(Socket source);
  bool take_in(int source);
  enum class Delivery { kDone, kBlocked, kBroken };
  Delivery deliver();

  const int exit_;
  const Link link_;
  const std::size_t capacity_;
  std::deque<Packet> packets_;
  std::size_t waiting_bytes_ = 0;
  Clock::time_point free_;  // when the last byte so far has left
  std::atomic<bool> closing_ = false;
  Socket entrance_;
  std::thread thread_;
};

}  // namespace duet
