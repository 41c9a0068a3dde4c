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
    to_yao1.setup(s, Shape{n}, 64);
    circuit0.setup(s, Circuit::load(CIRCUITS_DIR "/fltrust_0.txt"), {to_yao0.labels(), to_yao1.labels()});
    from_yao0.setup(s, circuit0.labels(0));
    from_yao1.setup(s, circuit0.labels(2));
    const auto v13 = reshape(circuit0.labels(1), Shape{1, n});
    to_yao2.setup(s, Shape{}, 56);
    circuit1.setup(s, Circuit::load(CIRCUITS_DIR "/fltrust_1.txt"), {to_yao2.labels()});
    const auto v16 = reshape(circuit1.labels(0), Shape{1, 1});
    const auto v17 = broadcast_to(v16, Shape{1, n});
    circuit2.setup(s, Circuit::load(CIRCUITS_DIR "/fltrust_2.txt"), {v13, v17});
    from_yao2.setup(s, circuit2.labels(0));
    from_yao3.setup(s, circuit2.labels(1));
    mask0.setup(s, Shape{1, n});
    mask1.setup(s, Shape{n, 12});
    product0.setup(s, mask0.mask(), mask1.mask());
    to_yao3.setup(s, Shape{n}, 2);
    circuit3.setup(s, Circuit::load(CIRCUITS_DIR "/any_2.txt"), {to_yao3.labels()});
    from_yao4.setup(s, circuit3.labels(0));
    static_cast<void>(s);
  }

  std::vector<Tensor<Ring>> online(Session& s, const std::vector<Tensor<Ring>>& shares,
                                   const std::vector<Tensor<Ring>>& publics) override {
    const std::size_t n = shares.at(0).shape.at(0);  // clients of this round
    static_cast<void>(n);
    static_cast<void>(publics);
    const Tensor<Ring>& v0 = shares.at(0);
    const Tensor<Ring> v1 = shares.at(1);
    const Tensor<Ring>& v2 = publics.at(0);
    const Tensor<Ring> v3 = matmul(v0, v2);
    const Tensor<Ring> v4 = reshape(v3, Shape{n});
    const Tensor<Ring>& v26 = publics.at(1);

    // Messages 1 of 7
    agreement.send(s, publics);
    to_yao0.send_masked(s, v1);
    to_yao1.send_masked(s, v4);
    mask1.send(s, v0);
    agreement.receive(s);
    to_yao0.receive_masked(s);
    to_yao1.receive_masked(s);
    const Masked v24 = mask1.receive(s);

    // Messages 2 of 7
    to_yao0.send_labels(s);
    to_yao1.send_labels(s);
    const GarbledTensor v5 = to_yao0.receive_labels(s);
    const GarbledTensor v6 = to_yao1.receive_labels(s);
    const std::vector<GarbledTensor> results_of_circuit0 = circuit0.online(s, {v5, v6});
    const GarbledTensor& v7 = results_of_circuit0[0];
    const GarbledTensor& v8 = results_of_circuit0[1];
    const GarbledTensor& v9 = results_of_circuit0[2];
    const Tensor<Ring> v10 = from_yao0.online(s, v7);
    const Tensor<Ring> v11 = from_yao1.online(s, v9);
    const Tensor<Ring> v12 = sum(v10, {0});
    const GarbledTensor v13 = reshape(v8, Shape{1, n});

    // Messages 3 of 7
    to_yao2.send_masked(s, v12);
    to_yao2.receive_masked(s);

    // Messages 4 of 7
    to_yao2.send_labels(s);
    const GarbledTensor v14 = to_yao2.receive_labels(s);
    const std::vector<GarbledTensor> results_of_circuit1 = circuit1.online(s, {v14});
    const GarbledTensor& v15 = results_of_circuit1[0];
    const GarbledTensor v16 = reshape(v15, Shape{1, 1});
    const GarbledTensor v17 = broadcast_to(v16, Shape{1, n});
    const std::vector<GarbledTensor> results_of_circuit2 = circuit2.online(s, {v13, v17});
    const GarbledTensor& v18 = results_of_circuit2[0];
    const GarbledTensor& v19 = results_of_circuit2[1];
    const Tensor<Ring> v20 = from_yao2.online(s, v18);
    const Tensor<Ring> v21 = from_yao3.online(s, v19);
    const Tensor<Ring> v22 = sum(v21, {0});
    const Tensor<Ring> v28 = add(v11, v22);

    // Messages 5 of 7
    mask0.send(s, v20);
    to_yao3.send_masked(s, v28);
    const Masked v23 = mask0.receive(s);
    to_yao3.receive_masked(s);
    const Tensor<Ring> v25 = product0.online(s, v23, v24);
    const Tensor<Ring> v27 = mul(v25, v26);

    // Messages 6 of 7
    to_yao3.send_labels(s);
    const GarbledTensor v29 = to_yao3.receive_labels(s);
    const std::vector<GarbledTensor> results_of_circuit3 = circuit3.online(s, {v29});
    const GarbledTensor& v30 = results_of_circuit3[0];
    const Tensor<Ring> v31 = from_yao4.online(s, v30);

    // Messages 7 of 7
    open0.send(s, v31);
    const Tensor<Ring> v32 = open0.receive(s);

    // To be opened once the counts have been judged
    outputs = {{v27, 24U}};
    return {v32};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  std::vector<Sealed> outputs;
  Agreement agreement;  // that both servers hold the same public values
  ToYao to_yao0;
  ToYao to_yao1;
  Evaluate circuit0;
  FromYao from_yao0;
  FromYao from_yao1;
  ToYao to_yao2;
  Evaluate circuit1;
  Evaluate circuit2;
  FromYao from_yao2;
  FromYao from_yao3;
  Mask mask0;
  Mask mask1;
  Product product0;
  ToYao to_yao3;
  Evaluate circuit3;
  FromYao from_yao4;
  OpenArith open0;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new FltrustProgram; }