// A garbled two's complement number of at most 64 bits as additive shares, sign-extended: the
// garbler's share is a random r, the evaluator learns x - r from a garbled subtractor. Local
// online.
#pragma once

#include <cstdint>
#include <string_view>

#include "duet/cost.h"
#include "duet/evaluate.h"
#include "duet/kernel.h"
#include "duet/one_time.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

class FromYao {
 public:
  static constexpr std::string_view kName = "from_yao";
  static KernelCosts costs(Sizes& sizes);

  void setup(Session& session, const GarbledTensor& labels);
  Tensor<Ring> online(Session& session, const GarbledTensor& value);

  static Cost setup_cost(std::uint64_t elements);
  static constexpr Cost online_cost() { return {}; }

 private:
  OneTime once_{kName};
  Tensor<Ring> r_;        // garbler
  Tensor<Ring> colours_;  // evaluator: of the zero labels of x - r
  Evaluate subtract_;
};

}  // namespace duet
