// One TCP connection with the framework's CommunicationLayer on it.
#pragma once

#include <memory>

#include "communication/communication_layer.h"
#include "duet/channel.h"
#include "transport.h"

namespace ezmotion {

class Carrier {
 public:
  Carrier(int party, std::unique_ptr<Transport> transport);
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;
  // Sends what is waiting, and ends the connection.
  ~Carrier();

  // A stream between the servers, for a session, in messages of the framework. Before start(); must
  // go before the carrier.
  std::unique_ptr<duet::Transport> session_stream();

  // From here on, messages go and come.
  void start();

  Transport& transport() { return *transport_; }
  MOTION::Communication::CommunicationLayer& layer() { return *layer_; }

 private:
  Transport* transport_;  // owned by the layer
  std::unique_ptr<MOTION::Communication::CommunicationLayer> layer_;
  bool started_ = false;
};

}  // namespace ezmotion
