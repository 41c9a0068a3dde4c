#include "duet/session_setup.h"

#include "rlwe.h"

namespace duet {

KernelCosts BaseTransfers::costs(Sizes& sizes) { return {setup_cost(sizes.ot_k()), {}}; }

Cost LatticeKeys::setup_cost() {
  return parallel(message_cost(0, kPublicKeyBytes), message_cost(1, kPublicKeyBytes));
}

KernelCosts LatticeKeys::costs(Sizes&) { return {setup_cost(), {}}; }

}  // namespace duet
