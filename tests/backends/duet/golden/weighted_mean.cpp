// weighted_mean, for 9 clients at most.
// Emitted by ezcompile. Both servers run this program; s.party() is 0 (the garbler) or 1 (the evaluator).
#include <cstddef>
#include <utility>
#include <vector>

#include "duet/circuit.h"
#include "duet/evaluate.h"
#include "duet/from_yao.h"
#include "duet/linear.h"
#include "duet/mask.h"
#include "duet/open_arith.h"
#include "duet/opening.h"
#include "duet/product.h"
#include "duet/program.h"
#include "duet/to_yao.h"

namespace {

using namespace duet;

class WeightedMeanProgram final : public Program {
 public:
  const char* name() const override { return "weighted_mean"; }

  // Independent of all inputs: masks, products of masks, garbled circuits.
  void setup(Session& s, std::size_t n) override {
    static_cast<void>(n);
    to_yao0.setup(s, Shape{}, 58);
    circuit0.setup(s, Circuit::load(CIRCUITS_DIR "/reciprocal.txt"), {to_yao0.labels()});
    const auto v6 = reshape(circuit0.labels(0), Shape{1, 1});
    to_yao1.setup(s, Shape{1, n}, 54);
    const auto v8 = broadcast_to(v6, Shape{1, n});
    circuit1.setup(s, Circuit::load(CIRCUITS_DIR "/mul.txt"), {to_yao1.labels(), v8});
    from_yao0.setup(s, circuit1.labels(0));
    from_yao1.setup(s, circuit1.labels(1));
    mask0.setup(s, Shape{1, n});
    mask1.setup(s, Shape{n, 5});
    product0.setup(s, mask0.mask(), mask1.mask());
    static_cast<void>(s);
  }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const std::vector<Tensor<Ring>>& publics) override {
    const std::size_t n = shares.clients();
    static_cast<void>(n);
    static_cast<void>(publics);
    const Tensor<Ring> v0 = shares.at(0);
    const Tensor<Ring> v1 = shares.at(1);
    const Tensor<Ring> v2 = reshape(v1, Shape{1, n});
    const Tensor<Ring> v3 = sum(v1, {0});

    // Messages 1 of 3
    to_yao0.send_masked(s, v3);
    to_yao1.send_masked(s, v2);
    mask1.send(s, v0);
    to_yao0.receive_masked(s);
    to_yao1.receive_masked(s);
    const Masked v15 = mask1.receive(s);

    // Messages 2 of 3
    to_yao0.send_labels(s);
    to_yao1.send_labels(s);
    const GarbledTensor v4 = to_yao0.receive_labels(s);
    const GarbledTensor v7 = to_yao1.receive_labels(s);
    const std::vector<GarbledTensor> results_of_circuit0 = circuit0.online(s, {v4});
    const GarbledTensor& v5 = results_of_circuit0[0];
    const GarbledTensor v6 = reshape(v5, Shape{1, 1});
    const GarbledTensor v8 = broadcast_to(v6, Shape{1, n});
    const std::vector<GarbledTensor> results_of_circuit1 = circuit1.online(s, {v7, v8});
    const GarbledTensor& v9 = results_of_circuit1[0];
    const GarbledTensor& v10 = results_of_circuit1[1];
    const Tensor<Ring> v11 = from_yao0.online(s, v9);
    const Tensor<Ring> v12 = from_yao1.online(s, v10);
    const Tensor<Ring> v13 = sum(v12, {0});

    // Messages 3 of 3
    mask0.send(s, v11);
    open0.send(s, v13);
    const Masked v14 = mask0.receive(s);
    const Tensor<Ring> v17 = open0.receive(s);
    const Tensor<Ring> v16 = product0.online(s, v14, v15);

    // To be opened once the counts have been judged
    outputs = {{v16, 24U}};
    return {v17};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  std::vector<Sealed> outputs;
  ToYao to_yao0;
  Evaluate circuit0;
  ToYao to_yao1;
  Evaluate circuit1;
  FromYao from_yao0;
  FromYao from_yao1;
  Mask mask0;
  Mask mask1;
  Product product0;
  OpenArith open0;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new WeightedMeanProgram; }
