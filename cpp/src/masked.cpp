#include "duet/masked.h"

#include "duet/linear.h"

namespace duet {

Tensor<Ring> unmask(const Masked& value, int party) {
  return party == 0 ? sub(value.sum, value.mask) : neg(value.mask);
}

}  // namespace duet
