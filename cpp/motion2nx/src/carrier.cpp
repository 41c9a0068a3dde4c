#include "carrier.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "layer_transport.h"

namespace ezmotion {

Carrier::Carrier(int party, std::unique_ptr<Transport> transport) : transport_(transport.get()) {
  std::vector<std::unique_ptr<MOTION::Communication::Transport>> transports(2);
  transports[static_cast<std::size_t>(1 - party)] = std::move(transport);
  layer_ = std::make_unique<MOTION::Communication::CommunicationLayer>(
      static_cast<std::size_t>(party), std::move(transports));
}

Carrier::~Carrier() {
  if (!started_) layer_->start();  // its threads wait for that before they can end
  transport_->stop();
}

void Carrier::start() {
  layer_->start();  // a second call would wait for the other server
  started_ = true;
}

std::unique_ptr<duet::Transport> Carrier::session_stream() {
  return std::make_unique<LayerTransport>(*layer_, *transport_);
}

}  // namespace ezmotion
