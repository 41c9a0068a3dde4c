// The base of emitted programs.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "duet/client_shares.h"
#include "duet/linear.h"
#include "duet/program.h"
#include "ezmotion/backend.h"
#include "ezmotion/connection.h"
#include "ezmotion/operations.h"

namespace ezmotion {

using duet::ClientShares;
using duet::kExact;
using duet::kPublic;
using duet::Opened;
using duet::Session;

// A program is a graph, which build() makes anew for every round. An object serves one session.
class Program : public duet::Program {
 public:
  explicit Program(MPCProtocol arithmetic, std::size_t threads = 0);
  ~Program() override;

  // Has it use a connection that is there already, in place of one that it would open itself.
  void use(std::unique_ptr<Connection> connection) { connection_ = std::move(connection); }

  // Builds the graph for so many clients and runs its setup phase.
  void setup(Session& session, std::size_t clients) final;

  // Runs its online phase, with the inputs that have come meanwhile.
  Tensors online(Session& session, const ClientShares& shares, const Tensors& publics) override;

  std::vector<Opened> reveal(Session& session, const std::vector<unsigned>& lowest) override;

 protected:
  // A result: additive shares, of which so many significant bits are opened, or a public value.
  struct Result {
    TensorCP tensor;
    unsigned significant;
  };

  // What a round gives.
  struct Outputs {
    std::vector<TensorCP> counts;  // opened: of what went wrong, to be judged before results are
    std::vector<Result> results;
  };

  // Adds the gates for a round of `n` clients, in the same order at both servers.
  virtual Outputs build(Backend& backend, std::size_t n) const = 0;

 private:
  MPCProtocol arithmetic_;
  std::size_t threads_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<BaseOts> base_ots_;
  std::unique_ptr<Backend> backend_;
  Outputs outputs_;
  std::vector<duet::Sealed> sealed_;
};

}  // namespace ezmotion
