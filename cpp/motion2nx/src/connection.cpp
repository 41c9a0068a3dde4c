#include "ezmotion/connection.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <span>
#include <utility>
#include <vector>

#include "carrier.h"
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

Connection::Connection(duet::Session& session)
    : session_(session),
      own_(std::make_unique<Carrier>(session.party(), meet(session))),
      carrier_(*own_) {
  own_->start();
}

Connection::Connection(duet::Session& session, Carrier& carrier)
    : session_(session), carrier_(carrier) {}

Connection::~Connection() = default;

MOTION::Communication::CommunicationLayer& Connection::layer() { return carrier_.layer(); }

Connection::Watch::Watch(Connection& connection)
    : connection_(connection), exceptions_(std::uncaught_exceptions()) {
  connection_.carrier_.transport().watch(true);
}

Connection::Watch::~Watch() {
  if (std::uncaught_exceptions() > exceptions_)
    give_up("the framework failed in the middle of a round");
  connection_.carrier_.transport().watch(false);
}

Connection::SessionWork::SessionWork(Connection& connection) : connection_(connection) {
  connection_.carrier_.transport().pause(true);
}

Connection::SessionWork::~SessionWork() { connection_.carrier_.transport().pause(false); }

void Connection::account(duet::Phase phase, double other_threads_seconds) {
  const MOTION::Communication::TransportStatistics total = layer().get_transport_statistics().at(0);
  const duet::Traffic now{total.num_bytes_sent, total.num_bytes_received, total.num_messages_sent,
                          total.num_messages_received, carrier_.transport().rounds()};
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
