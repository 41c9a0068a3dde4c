#include "ezmotion/program.h"

#include "duet/agreement.h"
#include "duet/open_arith.h"

namespace ezmotion {

void Program::setup(Session& session, std::size_t) {
  if (!connection_) connection_ = std::make_unique<Connection>(session);
}

void agree(Session& session, const Tensors& publics) {
  duet::Agreement agreement;
  agreement.send(session, publics);
  agreement.receive(session);
}

Tensor<Ring> open(Session& session, const Tensor<Ring>& share) {
  duet::OpenArith opening;
  opening.send(session, share);
  return opening.receive(session);
}

}  // namespace ezmotion
