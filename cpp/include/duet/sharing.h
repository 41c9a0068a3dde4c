// The client's side: fixed point, and two shares of which one is only a seed.
#pragma once

#include <cstddef>
#include <span>

#include "duet/block.h"
#include "duet/ring.h"
#include "duet/secret.h"

namespace duet {

// round(value · 2^frac), ties to even. But a value other than 0 never becomes 0, nor a fraction an
// integer: it becomes the neighbour on its own side. RangeError if the result does not fit into 64
// bits or is not a number; the message tells the position, not the value.
SecretVector<Ring> encode(std::span<const double> values, int frac);

// Server 0's share: pseudo-random, from a seed that is as good as the share itself. A client takes
// a fresh seed for every vector.
SecretVector<Ring> expand(Block seed, std::size_t count);

// Server 1's share: the encoded values minus server 0's share.
SecretVector<Ring> share(std::span<const double> values, int frac, Block seed);

}  // namespace duet
