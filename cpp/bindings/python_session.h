// A session as Python sees it: it can be closed, and threads cannot get in each other's way.
#pragma once

#include <memory>
#include <utility>

#include "duet/errors.h"
#include "duet/session.h"

namespace duet::bindings {

class PythonSession {
  struct State {
    explicit State(std::unique_ptr<Session> s) : session(std::move(s)) {}

    std::unique_ptr<Session> session;
    bool in_use = false;
  };

 public:
  explicit PythonSession(std::unique_ptr<Session> session)
      : state_(std::make_shared<State>(std::move(session))) {}

  // Access for the time in which it exists, also without Python's lock. Take it with the lock held.
  class Use {
   public:
    explicit Use(const PythonSession& session) : state_(session.state_) {
      if (state_ == nullptr) throw Error("the session is closed");
      if (std::exchange(state_->in_use, true)) {
        throw Error("the session is in use by another thread");
      }
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { state_->in_use = false; }

    Session& operator*() const { return *state_->session; }
    Session* operator->() const { return state_->session.get(); }

    // Tells this session from others, also after its end.
    std::weak_ptr<const void> identity() const { return state_; }

   private:
    std::shared_ptr<State> state_;
  };

  // A thread that is using the session keeps it until it is done.
  void close() { state_.reset(); }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace duet::bindings
