// fltrust, for 9 clients at most.
// Emitted by ezcompile. Both servers run this program; s.party() is 0 (the garbler) or 1 (the evaluator).
#include <cstddef>
#include <utility>
#include <vector>

#include "duet/agreement.h"
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

class FltrustProgram final : public Program {
 public:
  const char* name() const override { return "fltrust"; }

  // Independent of all inputs: masks, products of masks, garbled circuits.
  void setup(Session& s, std::size_t n) override {
    static_cast<void>(n);
    to_yao0.setup(s, Shape{n}, 64);
    circuit0.setup(s, Circuit::load(CIRCUITS_DIR "/relu.txt"), {to_yao0.labels()});
    from_yao0.setup(s, circuit0.labels(1));
    const auto v9 = reshape(circuit0.labels(0), Shape{1, n});
    to_yao1.setup(s, Shape{}, 56);
    circuit1.setup(s, Circuit::load(CIRCUITS_DIR "/div_no_nan.txt"), {to_yao1.labels()});
    const auto v12 = reshape(circuit1.labels(0), Shape{1, 1});
    const auto v13 = broadcast_to(v12, Shape{1, n});
    circuit2.setup(s, Circuit::load(CIRCUITS_DIR "/mul.txt"), {v9, v13});
    from_yao1.setup(s, circuit2.labels(0));
    from_yao2.setup(s, circuit2.labels(1));
    mask0.setup(s, Shape{1, n});
    mask1.setup(s, Shape{n, 12});
    product0.setup(s, mask0.mask(), mask1.mask());
    static_cast<void>(s);
  }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const std::vector<Tensor<Ring>>& publics) override {
    const std::size_t n = shares.clients();
    static_cast<void>(n);
    static_cast<void>(publics);
    const Tensor<Ring> v0 = shares.at(0);
    const Tensor<Ring>& v1 = publics.at(0);
    const Tensor<Ring> v2 = matmul(v0, v1);
    const Tensor<Ring> v3 = reshape(v2, Shape{n});
    const Tensor<Ring>& v22 = publics.at(1);

    // Messages 1 of 5
    agreement.send(s, publics);
    to_yao0.send_masked(s, v3);
    mask1.send(s, v0);
    agreement.receive(s);
    to_yao0.receive_masked(s);
    const Masked v20 = mask1.receive(s);

    // Messages 2 of 5
    to_yao0.send_labels(s);
    const GarbledTensor v4 = to_yao0.receive_labels(s);
    const std::vector<GarbledTensor> results_of_circuit0 = circuit0.online(s, {v4});
    const GarbledTensor& v5 = results_of_circuit0[0];
    const GarbledTensor& v6 = results_of_circuit0[1];
    const Tensor<Ring> v7 = from_yao0.online(s, v6);
    const Tensor<Ring> v8 = sum(v7, {0});
    const GarbledTensor v9 = reshape(v5, Shape{1, n});

    // Messages 3 of 5
    to_yao1.send_masked(s, v8);
    to_yao1.receive_masked(s);

    // Messages 4 of 5
    to_yao1.send_labels(s);
    const GarbledTensor v10 = to_yao1.receive_labels(s);
    const std::vector<GarbledTensor> results_of_circuit1 = circuit1.online(s, {v10});
    const GarbledTensor& v11 = results_of_circuit1[0];
    const GarbledTensor v12 = reshape(v11, Shape{1, 1});
    const GarbledTensor v13 = broadcast_to(v12, Shape{1, n});
    const std::vector<GarbledTensor> results_of_circuit2 = circuit2.online(s, {v9, v13});
    const GarbledTensor& v14 = results_of_circuit2[0];
    const GarbledTensor& v15 = results_of_circuit2[1];
    const Tensor<Ring> v16 = from_yao1.online(s, v14);
    const Tensor<Ring> v17 = from_yao2.online(s, v15);
    const Tensor<Ring> v18 = sum(v17, {0});

    // Messages 5 of 5
    mask0.send(s, v16);
    open0.send(s, v18);
    const Masked v19 = mask0.receive(s);
    const Tensor<Ring> v24 = open0.receive(s);
    const Tensor<Ring> v21 = product0.online(s, v19, v20);
    const Tensor<Ring> v23 = mul(v21, v22);

    // To be opened once the counts have been judged
    outputs = {{v23, 24U}};
    return {v24};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  std::vector<Sealed> outputs;
  Agreement agreement;  // that both servers hold the same public values
  ToYao to_yao0;
  Evaluate circuit0;
  FromYao from_yao0;
  ToYao to_yao1;
  Evaluate circuit1;
  Evaluate circuit2;
  FromYao from_yao1;
  FromYao from_yao2;
  Mask mask0;
  Mask mask1;
  Product product0;
  OpenArith open0;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new FltrustProgram; }
