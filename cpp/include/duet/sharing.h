// The client's side: fixed point. proof.h shares what comes of it.
#pragma once

#include <span>

#include "duet/ring.h"
#include "duet/secret.h"

namespace duet {

// round(value · 2^frac), ties to even. But a value other than 0 never becomes 0, nor a fraction an
// integer: it becomes the neighbour on its own side. RangeError if the result does not fit into 64
// bits or is not a number; the message tells the position, not the value.
SecretVector<Ring> encode(std::span<const double> values, int frac);

}  // namespace duet
