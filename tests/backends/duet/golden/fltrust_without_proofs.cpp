// fltrust_without_proofs, for 9 clients at most.
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
#include "duet/square.h"
#include "duet/to_yao.h"

namespace {

using namespace duet;

class FltrustWithoutProofsProgram final : public Program {
 public:
  const char* name() const override { return "fltrust_without_proofs"; }

  // Independent of all inputs: masks, products of masks, garbled circuits.
  void setup(Session& s, std::size_t n) override {
    static_cast<void>(n);
    mask0.setup(s, Shape{n, 12});
    squares0.setup(s, mask0.mask());
    to_yao0.setup(s, Shape{n}, 64);
    to_yao1.setup(s, Shape{n}, 64);
    circuit0.setup(s, Circuit::load(CIRCUITS_DIR "/sqrt_div_relu.txt"), {to_yao0.labels(), to_yao1.labels()});
    from_yao0.setup(s, circuit0.labels(0));
    from_yao1.setup(s, circuit0.labels(2));
    const auto v14 = reshape(circuit0.labels(1), Shape{1, n});
    to_yao2.setup(s, Shape{}, 56);
    circuit1.setup(s, Circuit::load(CIRCUITS_DIR "/div_no_nan.txt"), {to_yao2.labels()});
    const auto v17 = reshape(circuit1.labels(0), Shape{1, 1});
    const auto v18 = broadcast_to(v17, Shape{1, n});
    circuit2.setup(s, Circuit::load(CIRCUITS_DIR "/mul.txt"), {v14, v18});
    from_yao2.setup(s, circuit2.labels(0));
    from_yao3.setup(s, circuit2.labels(1));
    mask1.setup(s, Shape{1, n});
    product0.setup(s, mask1.mask(), mask0.mask());
    to_yao3.setup(s, Shape{n}, 2);
    circuit3.setup(s, Circuit::load(CIRCUITS_DIR "/any_2.txt"), {to_yao3.labels()});
    from_yao4.setup(s, circuit3.labels(0));
    static_cast<void>(s);
  }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const std::vector<Tensor<Ring>>& publics) override {
    const std::size_t n = shares.clients();
    static_cast<void>(n);
    static_cast<void>(publics);
    const Tensor<Ring> v0 = shares.at(0);
    const Tensor<Ring>& v3 = publics.at(0);
    const Tensor<Ring> v4 = matmul(v0, v3);
    const Tensor<Ring> v5 = reshape(v4, Shape{n});
    const Tensor<Ring>& v26 = publics.at(1);

    // Messages 1 of 8
    agreement.send(s, publics);
    mask0.send(s, v0);
    to_yao1.send_masked(s, v5);
    agreement.receive(s);
    const Masked v1 = mask0.receive(s);
    to_yao1.receive_masked(s);
    const Tensor<Ring> v2 = squares0.online(s, v1);

    // Messages 2 of 8
    to_yao0.send_masked(s, v2);
    to_yao1.send_labels(s);
    to_yao0.receive_masked(s);
    const GarbledTensor v7 = to_yao1.receive_labels(s);

    // Messages 3 of 8
    to_yao0.send_labels(s);
    const GarbledTensor v6 = to_yao0.receive_labels(s);
    const std::vector<GarbledTensor> results_of_circuit0 = circuit0.online(s, {v6, v7});
    const GarbledTensor& v8 = results_of_circuit0[0];
    const GarbledTensor& v9 = results_of_circuit0[1];
    const GarbledTensor& v10 = results_of_circuit0[2];
    const Tensor<Ring> v11 = from_yao0.online(s, v8);
    const Tensor<Ring> v12 = from_yao1.online(s, v10);
    const Tensor<Ring> v13 = sum(v11, {0});
    const GarbledTensor v14 = reshape(v9, Shape{1, n});

    // Messages 4 of 8
    to_yao2.send_masked(s, v13);
    to_yao2.receive_masked(s);

    // Messages 5 of 8
    to_yao2.send_labels(s);
    const GarbledTensor v15 = to_yao2.receive_labels(s);
    const std::vector<GarbledTensor> results_of_circuit1 = circuit1.online(s, {v15});
    const GarbledTensor& v16 = results_of_circuit1[0];
    const GarbledTensor v17 = reshape(v16, Shape{1, 1});
    const GarbledTensor v18 = broadcast_to(v17, Shape{1, n});
    const std::vector<GarbledTensor> results_of_circuit2 = circuit2.online(s, {v14, v18});
    const GarbledTensor& v19 = results_of_circuit2[0];
    const GarbledTensor& v20 = results_of_circuit2[1];
    const Tensor<Ring> v21 = from_yao2.online(s, v19);
    const Tensor<Ring> v22 = from_yao3.online(s, v20);
    const Tensor<Ring> v23 = sum(v22, {0});
    const Tensor<Ring> v28 = add(v12, v23);

    // Messages 6 of 8
    mask1.send(s, v21);
    to_yao3.send_masked(s, v28);
    const Masked v24 = mask1.receive(s);
    to_yao3.receive_masked(s);
    const Tensor<Ring> v25 = product0.online(s, v24, v1);
    const Tensor<Ring> v27 = mul(v25, v26);

    // Messages 7 of 8
    to_yao3.send_labels(s);
    const GarbledTensor v29 = to_yao3.receive_labels(s);
    const std::vector<GarbledTensor> results_of_circuit3 = circuit3.online(s, {v29});
    const GarbledTensor& v30 = results_of_circuit3[0];
    const Tensor<Ring> v31 = from_yao4.online(s, v30);

    // Messages 8 of 8
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
  Mask mask0;
  Square squares0;
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
  Mask mask1;
  Product product0;
  ToYao to_yao3;
  Evaluate circuit3;
  FromYao from_yao4;
  OpenArith open0;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new FltrustWithoutProofsProgram; }
