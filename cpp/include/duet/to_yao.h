// The low `width` bits of additive shares as garbled words, in two rounds. In the setup phase the
// evaluator picks a random r and gets its labels by OT. Online it sends x_1 + r, the garbler
// answers with the labels of x_0 + x_1 + r, and a garbled subtractor takes r off. (Conversion by OT
// on random bits, as in Demmler, Schneider, Zohner, "ABY", NDSS 2015, with the first addition moved
// out of the circuit.)
#pragma once

#include <cstddef>
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

class ToYao {
 public:
  static constexpr std::string_view kName = "to_yao";
  static KernelCosts costs(Sizes& sizes);

  void setup(Session& session, const Shape& shape, std::size_t width);
  const GarbledTensor& labels() const { return subtract_.labels(); }

  // The first round, from the evaluator to the garbler, and the second, back.
  void send_masked(Session& session, const Tensor<Ring>& share);
  void receive_masked(Session& session);
  void send_labels(Session& session);
  GarbledTensor receive_labels(Session& session);

  static Cost setup_cost(std::uint64_t elements, std::uint64_t width, int ot_k);
  static Cost online_cost(std::uint64_t elements, std::uint64_t width);

 private:
  OneTime once_{kName};
  GarbledTensor masked_;  // garbler: zero labels of x + r
  GarbledTensor mask_;    // labels of r
  Tensor<Ring> r_;        // evaluator
  Tensor<Ring> sum_;      // garbler: x_0, then x + r
  Evaluate subtract_;
};

}  // namespace duet
