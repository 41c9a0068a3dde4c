#include "ezmotion/connection.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <span>
#include <utility>
#include <vector>

#include "communication/communication_layer.h"
#include "duet/errors.h"
#include "transport.h"

namespace ezmotion {
namespace {

// Shows that who connects is the peer of the session: only that one has been told.
using Token = std::array<std::uint8_t, 16>;

struct Meeting {
  std::uint16_t port = 0;
  Token token{};
};

std::unique_ptr<Transport> meet(duet::Session& session) {
  duet::Channel& channel = session.channel();
  const duet::Milliseconds patience = channel.idle_timeout();
  Meeting meeting;
  if (session.party() == 0) {
    duet::Listener listener(channel.local_host(), 0);
    meeting.port = listener.port();
    session.random().fill(std::span<std::uint8_t>(meeting.token));
    channel.send(std::span<const std::uint16_t>(&meeting.port, 1));
    channel.send(std::span<const std::uint8_t>(meeting.token));
    channel.flush();
    auto transport = std::make_unique<Transport>(listener.accept_transport(patience), patience);
    Token shown{};
    transport->read(shown);
    if (shown != meeting.token) {
      throw duet::ProtocolError("somebody else connected to the port for MOTION2NX");
    }
    return transport;
  }
  channel.receive(std::span<std::uint16_t>(&meeting.port, 1));
  channel.receive(std::span<std::uint8_t>(meeting.token));
  auto transport = std::make_unique<Transport>(
      duet::connect_transport(channel.peer_host(), meeting.port, patience), patience);
  transport->write(meeting.token);
  return transport;
}

}  // namespace

Connection::Connection(duet::Session& session) : session_(session) {
  std::unique_ptr<Transport> transport = meet(session);
  transport_ = transport.get();
  std::vector<std::unique_ptr<MOTION::Communication::Transport>> transports(2);
  transports[static_cast<std::size_t>(1 - session.party())] = std::move(transport);
  layer_ = std::make_unique<MOTION::Communication::CommunicationLayer>(
      static_cast<std::size_t>(session.party()), std::move(transports));
  layer_->start();
}

Connection::~Connection() { transport_->stop(); }

Connection::Watch::Watch(Connection& connection)
    : connection_(connection), exceptions_(std::uncaught_exceptions()) {
  connection_.transport_->watch(true);
}

Connection::Watch::~Watch() {
  if (std::uncaught_exceptions() > exceptions_)
    give_up("the framework failed in the middle of a round");
  connection_.transport_->watch(false);
}

Connection::SessionWork::SessionWork(Connection& connection) : connection_(connection) {
  connection_.transport_->pause(true);
}

Connection::SessionWork::~SessionWork() { connection_.transport_->pause(false); }

void Connection::account(duet::Phase phase, double other_threads_seconds) {
  const MOTION::Communication::TransportStatistics total = layer_->get_transport_statistics().at(0);
  const duet::Traffic now{total.num_bytes_sent, total.num_bytes_received, total.num_messages_sent,
                          total.num_messages_received, transport_->rounds()};
  duet::PhaseStats figures;
  figures.cpu_seconds = other_threads_seconds;
  figures.traffic = {
      now.bytes_sent - accounted_.bytes_sent, now.bytes_received - accounted_.bytes_received,
      now.messages_sent - accounted_.messages_sent,
      now.messages_received - accounted_.messages_received, now.rounds - accounted_.rounds};
  accounted_ = now;
  session_.account(phase, figures);
}

}  // namespace ezmotion
