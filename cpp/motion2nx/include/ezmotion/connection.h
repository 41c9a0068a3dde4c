// The connection over which MOTION2NX's messages go: beside the session's own, or the same.
#pragma once

#include <memory>

#include "duet/session.h"

namespace MOTION::Communication {
class CommunicationLayer;
}

namespace ezmotion {

class Carrier;

// One CommunicationLayer of the framework for as many rounds and graphs as there will be.
class Connection {
 public:
  // Both servers at the same point: opens a second TCP connection beside that of `session`, which
  // must live longer.
  explicit Connection(duet::Session& session);
  // Over the connection that `session` itself goes over (Carrier::session_stream()), which has been
  // started. Both must live longer.
  Connection(duet::Session& session, Carrier& carrier);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  int party() const { return session_.party(); }
  MOTION::Communication::CommunicationLayer& layer();
  duet::Session& session() { return session_; }

  // The framework cannot give up: if one server fails, the other waits for ever, and its threads
  // cannot be unwound. So while a Watch exists, the process ends with exit code 70 and a message on
  // stderr if the other server is gone or silent for longer than the session's idle timeout, or if
  // the Watch goes because of an exception. If the other server has gone before, the constructor
  // throws a PeerError.
  class Watch {
   public:
    explicit Watch(Connection& connection);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();

   private:
    Connection& connection_;
    int exceptions_;
  };

  // While work goes over the session, whose own time limits hold then, nothing need be heard on the
  // framework's connection.
  class SessionWork {
   public:
    explicit SessionWork(Connection& connection);
    SessionWork(const SessionWork&) = delete;
    SessionWork& operator=(const SessionWork&) = delete;
    ~SessionWork();

   private:
    Connection& connection_;
  };

  // Adds what went over the connection since the last call to the session's figures of a phase, and
  // what the framework's threads have computed.
  void account(duet::Phase phase, double other_threads_seconds);

 private:
  duet::Session& session_;
  duet::Traffic accounted_;
  std::unique_ptr<Carrier> own_;
  Carrier& carrier_;
};

}  // namespace ezmotion
