// Non-blocking sockets as transports.
#pragma once

#include <unistd.h>

#include <memory>
#include <optional>
#include <utility>

#include "duet/channel.h"

namespace duet {

// Closes a socket unless it is handed on.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(other.release()) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

// Takes over a connected stream socket.
std::unique_ptr<Transport> make_socket_transport(int socket, std::optional<Link> link = {});

}  // namespace duet
