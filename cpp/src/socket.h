// Non-blocking sockets as transports.
#pragma once

#include <memory>

#include "duet/channel.h"

namespace duet {

// Takes over a connected stream socket.
std::unique_ptr<Transport> make_socket_transport(int socket);

}  // namespace duet
