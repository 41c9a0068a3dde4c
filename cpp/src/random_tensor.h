// Fresh uniform secrets of a session's party.
#pragma once

#include <span>

#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

inline Tensor<Ring> random_tensor(Session& session, const Shape& shape) {
  Tensor<Ring> values(shape);
  Prg(session.random().seed()).fill(std::span<Ring>(values.data));
  return values;
}

}  // namespace duet
