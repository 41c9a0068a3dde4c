// Opens garbled words of at most 64 bits to both, as unsigned numbers: the evaluator sends what the
// colours of the zero labels, known since the setup, tell it. One round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "duet/cost.h"
#include "duet/garbled_tensor.h"
#include "duet/kernel.h"
#include "duet/one_time.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

class OpenYao {
 public:
  static constexpr std::string_view kName = "open_yao";
  static KernelCosts costs(Sizes& sizes);

  void setup(Session& session, const GarbledTensor& labels);

  void send(Session& session, const GarbledTensor& value);
  Tensor<Ring> receive(Session& session);

  static Cost setup_cost(std::uint64_t elements, std::uint64_t width);
  static Cost online_cost(std::uint64_t elements, std::uint64_t width);

 private:
  OneTime once_{kName};
  std::size_t width_ = 0;
  Tensor<Ring> colours_;  // of the zero labels
  Tensor<Ring> opened_;   // evaluator
};

}  // namespace duet
