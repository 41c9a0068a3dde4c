// The base of emitted programs: what the servers' runtime loads, with a connection for MOTION2NX.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "duet/client_shares.h"
#include "duet/program.h"
#include "ezmotion/connection.h"
#include "ezmotion/graph.h"

namespace ezmotion {

using duet::ClientShares;
using duet::kExact;
using duet::kPublic;
using duet::open_together;
using duet::Opened;
using duet::Sealed;
using duet::Session;

class Program : public duet::Program {
 public:
  // Has it use a connection that is there already, in place of one that it would open itself.
  void use(std::unique_ptr<Connection> connection) { connection_ = std::move(connection); }

  // Connects on first use. The framework runs setup and online phase of a graph in one go, so there
  // is nothing else to do ahead of a round. An object serves one session.
  void setup(Session& session, std::size_t clients) final;

 protected:
  Connection& connection() { return *connection_; }

 private:
  std::unique_ptr<Connection> connection_;
};

// That both servers hold the same public values; MismatchError if not.
void agree(Session& session, const Tensors& publics);

// The value of a share, to both servers.
Tensor<Ring> open(Session& session, const Tensor<Ring>& share);

}  // namespace ezmotion
