#include "emulated_link.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <span>
#include <string>

#include "duet/errors.h"

namespace duet {
namespace {

constexpr std::size_t kPacketBytes = 16 << 10;
constexpr std::size_t kSendBufferBytes = 4 << 20;  // Linux's largest for TCP, unless it is told
constexpr std::chrono::milliseconds kLinger{
    1'000};  // a peer that takes nothing for so long is lost

std::pair<Socket, Socket> connected_sockets() {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) != 0) {
    throw Error("socketpair: " + std::string(std::strerror(errno)));
  }
  return {Socket(sockets[0]), Socket(sockets[1])};
}

bool nothing_yet(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

std::chrono::nanoseconds time_to_leave(std::size_t bytes, const Link& link) {
  const std::chrono::duration<double> seconds(static_cast<double>(bytes) / link.bytes_per_second);
  return std::chrono::ceil<std::chrono::nanoseconds>(seconds);
}

timespec to_timespec(std::chrono::nanoseconds time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  return {static_cast<std::time_t>(whole.count()), static_cast<long>((time - whole).count())};
}

}  // namespace

EmulatedLink::EmulatedLink(int exit, const Link& link)
    : EmulatedLink(connected_sockets(), exit, link) {}

EmulatedLink::EmulatedLink(std::pair<Socket, Socket> ends, int exit, const Link& link)
    : exit_(exit),
      link_(link),
      capacity_(kSendBufferBytes +
                static_cast<std::size_t>(link.bytes_per_second *
                                         std::chrono::duration<double>(link.delay).count())),
      entrance_(std::move(ends.first)),
      thread_([this, source = std::move(ends.second)]() mutable { run(std::move(source)); }) {}

EmulatedLink::~EmulatedLink() {
  closing_ = true;
  ::shutdown(entrance_.get(), SHUT_WR);
  thread_.join();
}

void EmulatedLink::run(Socket source) {
  // Timers fire 50 us late unless told otherwise: a third of a LAN's delay.
  ::prctl(PR_SET_TIMERSLACK, 1);
  bool open = true;
  for (;;) {
    const Delivery delivery = deliver();
    if (delivery == Delivery::kBroken) return;  // closes the source, so the channel notices, too
    if (!open && packets_.empty()) return;
    const bool blocked = delivery == Delivery::kBlocked;
    const bool has_room = waiting_bytes_ < capacity_;
    pollfd entries[] = {{open && has_room ? source.get() : -1, POLLIN, 0},
                        {blocked ? exit_ : -1, POLLOUT, 0}};
    timespec timeout{};
    if (blocked) {
      timeout = to_timespec(kLinger);  // then looks whether it is to end
    } else if (!packets_.empty()) {
      const std::chrono::nanoseconds left = packets_.front().due - Clock::now();
      timeout = to_timespec(std::max(left, std::chrono::nanoseconds(0)));
    }
    const bool idle = packets_.empty();
    const int ready = ::ppoll(entries, 2, idle ? nullptr : &timeout, nullptr);
    if (ready == 0 && blocked && closing_) return;
    if (ready > 0 && entries[0].revents != 0) open = take_in(source.get());
  }
}

// Takes one packet from the source and says when it will arrive; false at the end of the stream.
bool EmulatedLink::take_in(int source) {
  std::vector<std::uint8_t> bytes(kPacketBytes);
  const ssize_t count = ::recv(source, bytes.data(), bytes.size(), 0);
  if (count == 0) return false;
  if (count < 0) return nothing_yet(errno);
  bytes.resize(static_cast<std::size_t>(count));
  free_ = std::max(free_, Clock::now()) + time_to_leave(bytes.size(), link_);
  waiting_bytes_ += bytes.size();
  packets_.push_back({free_ + link_.delay, std::move(bytes)});
  return true;
}

// Delivers what is due.
EmulatedLink::Delivery EmulatedLink::deliver() {
  while (!packets_.empty() && packets_.front().due <= Clock::now()) {
    Packet& packet = packets_.front();
    const std::span<const std::uint8_t> rest = std::span(packet.bytes).subspan(packet.delivered);
    const ssize_t count = ::send(exit_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count < 0) return nothing_yet(errno) ? Delivery::kBlocked : Delivery::kBroken;
    packet.delivered += static_cast<std::size_t>(count);
    waiting_bytes_ -= static_cast<std::size_t>(count);
    if (packet.delivered == packet.bytes.size()) packets_.pop_front();
  }
  return Delivery::kDone;
}

}  // namespace duet
