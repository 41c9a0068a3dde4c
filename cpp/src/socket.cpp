#include "socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "duet/errors.h"
#include "emulated_link.h"

namespace duet {
namespace {

using Clock = std::chrono::steady_clock;

std::string reason(int error) { return std::strerror(error); }

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

bool poll_until(std::span<pollfd> sockets, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now());
    const int ready =
        ::poll(sockets.data(), sockets.size(),
               static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000)));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) throw PeerError("poll: " + reason(errno));
  }
}

bool poll_until(int socket, short events, Clock::time_point deadline) {
  pollfd entry{socket, events, 0};
  return poll_until({&entry, 1}, deadline);
}

std::size_t write_to(int socket, std::span<const std::uint8_t> bytes) {
  for (;;) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (would_block(errno)) return 0;
    if (errno != EINTR) throw PeerError("the peer is gone: " + reason(errno));
  }
}

class SocketTransport : public Transport {
 public:
  explicit SocketTransport(Socket socket) : socket_(std::move(socket)) {}

  std::size_t write_some(std::span<const std::uint8_t> bytes) override {
    return write_to(socket_.get(), bytes);
  }

  std::size_t read_some(std::span<std::uint8_t> bytes) override {
    for (;;) {
      const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (count > 0) return static_cast<std::size_t>(count);
      if (count == 0) throw PeerError("the peer is gone: it closed the connection");
      if (would_block(errno)) return 0;
      if (errno != EINTR) throw PeerError("the peer is gone: " + reason(errno));
    }
  }

  bool wait(bool or_write, Milliseconds timeout) override {
    const int events = or_write ? POLLIN | POLLOUT : POLLIN;
    return poll_until(socket_.get(), static_cast<short>(events), Clock::now() + timeout);
  }

  std::string local_host() const override { return host_of(::getsockname); }
  std::string peer_host() const override { return host_of(::getpeername); }

 protected:
  int socket() const { return socket_.get(); }

 private:
  using AskName = int (*)(int, sockaddr*, socklen_t*);

  std::string host_of(AskName ask) const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (ask(socket_.get(), generic, &size) != 0)
      throw PeerError("the peer is gone: " + reason(errno));
    if (address.ss_family == AF_UNIX) return "127.0.0.1";  // a local pair
    char host[NI_MAXHOST];
    if (::getnameinfo(generic, size, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0) {
      throw AddressError("a connection has no numeric address");
    }
    return host;
  }

  Socket socket_;
};

// What is sent goes over an emulated link; what is received comes straight from the socket.
class LinkedTransport : public SocketTransport {
 public:
  LinkedTransport(Socket connected, const Link& link)
      : SocketTransport(std::move(connected)), link_(socket(), link) {}

  std::size_t write_some(std::span<const std::uint8_t> bytes) override {
    return write_to(link_.entrance(), bytes);
  }

  bool wait(bool or_write, Milliseconds timeout) override {
    std::array<pollfd, 2> entries{pollfd{socket(), POLLIN, 0},
                                  pollfd{link_.entrance(), POLLOUT, 0}};
    return poll_until(std::span(entries).first(or_write ? 2 : 1), Clock::now() + timeout);
  }

 private:
  EmulatedLink link_;
};

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Addresses resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) throw AddressError("unknown host '" + host + "': " + ::gai_strerror(error));
  return Addresses(found);
}

// While nobody listens, the kernel may pick the very port we call as our own and connect the socket
// to itself.
bool is_connected_to_itself(int socket) {
  sockaddr_storage here{};
  sockaddr_storage there{};
  socklen_t here_size = sizeof here;
  socklen_t there_size = sizeof there;
  return ::getsockname(socket, reinterpret_cast<sockaddr*>(&here), &here_size) == 0 &&
         ::getpeername(socket, reinterpret_cast<sockaddr*>(&there), &there_size) == 0 &&
         here_size == there_size && std::memcmp(&here, &there, here_size) == 0;
}

Socket open_socket(const addrinfo& address) {
  return Socket(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                         address.ai_protocol));
}

// 0, or why there is no connection.
int try_connect(int socket, const addrinfo& address, Clock::time_point deadline) {
  if (::connect(socket, address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno;
    if (!poll_until(socket, POLLOUT, deadline)) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return error;
  }
  return is_connected_to_itself(socket) ? ECONNREFUSED : 0;
}

// Protocol messages are complete when they are written: waiting for more (Nagle) only costs time.
void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::string describe(const std::string& host, std::uint16_t port) {
  return host + ":" + std::to_string(port);
}

}  // namespace

std::unique_ptr<Transport> make_socket_transport(int socket, std::optional<Link> link) {
  Socket owned(socket);
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  if (link) return std::make_unique<LinkedTransport>(std::move(owned), *link);
  return std::make_unique<SocketTransport>(std::move(owned));
}

Channel Channel::connect(const std::string& host, std::uint16_t port, Milliseconds timeout,
                         std::optional<Link> link) {
  return Channel(connect_transport(host, port, timeout, link));
}

std::unique_ptr<Transport> connect_transport(const std::string& host, std::uint16_t port,
                                             Milliseconds timeout, std::optional<Link> link) {
  constexpr Milliseconds kPause{20};
  const Clock::time_point deadline = Clock::now() + timeout;
  const Addresses addresses = resolve(host, port);
  for (;;) {
    int error = 0;
    for (const addrinfo* address = addresses.get(); address != nullptr;
         address = address->ai_next) {
      Socket socket = open_socket(*address);
      error = socket.get() < 0 ? errno : try_connect(socket.get(), *address, deadline);
      if (error == 0) {
        send_at_once(socket.get());
        return make_socket_transport(socket.release(), link);
      }
    }
    if (Clock::now() + kPause > deadline) {
      throw TimeoutError("no connection to " + describe(host, port) + " within " +
                         std::to_string(timeout.count()) + " ms: " + reason(error));
    }
    std::this_thread::sleep_for(kPause);
  }
}

Channel Channel::listen(const std::string& host, std::uint16_t port, Milliseconds timeout) {
  return Listener(host, port).accept(timeout);
}

std::pair<Channel, Channel> Channel::local_pair(std::optional<Link> link) {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    throw Error("socketpair: " + reason(errno));
  }
  auto first = make_socket_transport(sockets[0], link);
  auto second = make_socket_transport(sockets[1], link);
  return {Channel(std::move(first)), Channel(std::move(second))};
}

Listener::Listener(const std::string& host, std::uint16_t port) : host_(host), socket_(-1) {
  const Addresses addresses = resolve(host, port);
  Socket socket = open_socket(*addresses);
  const int on = 1;  // a port whose last connection is still winding down may be taken again
  if (socket.get() < 0 ||
      ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket.get(), addresses->ai_addr, addresses->ai_addrlen) != 0 ||
      ::listen(socket.get(), 1) != 0) {
    const int error = errno;
    throw AddressError("cannot listen on " + describe(host, port) + ": " +
                       (error == EADDRINUSE ? "the port is already in use" : reason(error)));
  }
  socket_ = socket.release();
}

Listener::~Listener() { ::close(socket_); }

std::uint16_t Listener::port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw AddressError("getsockname: " + reason(errno));
  }
  const bool v6 = address.ss_family == AF_INET6;
  return ntohs(v6 ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                  : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

std::unique_ptr<Transport> Listener::accept_transport(Milliseconds timeout,
                                                      std::optional<Link> link) {
  const Clock::time_point deadline = Clock::now() + timeout;
  while (poll_until(socket_, POLLIN, deadline)) {
    // That a caller has given up in the meantime is not an error; the next may be the peer.
    const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) {
      send_at_once(socket);
      return make_socket_transport(socket, link);
    }
    if (!would_block(errno) && errno != ECONNABORTED && errno != EINTR) {
      throw AddressError("cannot accept on " + describe(host_, port()) + ": " + reason(errno));
    }
  }
  throw TimeoutError("no peer connected to " + describe(host_, port()) + " within " +
                     std::to_string(timeout.count()) + " ms");
}

}  // namespace duet
