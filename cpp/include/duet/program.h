// What the compiler emits: a class derived from Program, in a shared object that exports
//     extern "C" duet::Program* duet_program();
// which returns a new object for the caller to delete.
#pragma once

#include <cstddef>
#include <vector>

#include "duet/client_shares.h"
#include "duet/opening.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

class Program {
 public:
  virtual ~Program() = default;

  virtual const char* name() const = 0;

  // Everything that does not depend on the inputs. May be called again, for any number of clients,
  // and then starts afresh. Serves one call of online().
  virtual void setup(Session& session, std::size_t clients) = 0;

  // `shares`: this party's shares of the clients' values.
  // `publics`: values that both parties know. Returns the opened counts of
  // what went wrong, which the caller judges; nothing of the outputs is open yet.
  virtual std::vector<Tensor<Ring>> online(Session& session, const ClientShares& shares,
                                           const std::vector<Tensor<Ring>>& publics) = 0;

  // Opens the outputs of the last online(), once. `lowest`: for each output the place below which
  // the result shows nothing; empty for zeros.
  virtual std::vector<Opened> reveal(Session& session, const std::vector<unsigned>& lowest) = 0;
};

using ProgramFactory = Program* (*)();
inline constexpr const char* kProgramFactory = "duet_program";

}  // namespace duet
