// What a session sends to prepare itself, once for all kernels.
#pragma once

#include <string_view>

#include "duet/cost.h"
#include "duet/kernel.h"
#include "duet/ot_extension.h"

namespace duet {

// Session::init_ot(): base OTs in both directions, party 0 as the sender first.
struct BaseTransfers {
  static constexpr std::string_view kName = "session";
  static KernelCosts costs(Sizes& sizes);

  static constexpr Cost setup_cost(int ot_k) {
    Cost cost = parallel(cot_setup_cost(ot_k, 0), cot_setup_cost(ot_k, 1));
    cost.rounds = ot_k == 1 ? 2 : 3;
    return cost;
  }
};

// Session::rlwe() with new keys: both public keys, at the same time.
struct LatticeKeys {
  static constexpr std::string_view kName = "lattice_keys";
  static KernelCosts costs(Sizes& sizes);

  static Cost setup_cost();
};

}  // namespace duet
