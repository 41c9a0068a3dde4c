// clipped_mean, for 9 clients at most.
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
#include "duet/public_to_yao.h"
#include "duet/square.h"
#include "duet/to_yao.h"

namespace {

using namespace duet;

class ClippedMeanProgram final : public Program {
 public:
  const char* name() const override { return "clipped_mean"; }

  // Independent of all inputs: masks, products of masks, garbled circuits.
  void setup(Session& s, std::size_t n) override {
    static_cast<void>(n);
    mask0.setup(s, Shape{n, 6});
    squares0.setup(s, mask0.mask());
    to_yao0.setup(s, Shape{n}, 63);
    public_to_yao0.setup(s, Shape{}, 64);
    const auto v6 = reshape(public_to_yao0.labels(), Shape{1});
    const auto v7 = broadcast_to(v6, Shape{n});
    circuit0.setup(s, Circuit::load(CIRCUITS_DIR "/clipped_mean_0.txt"), {to_yao0.labels(), v7});
    const auto v10 = reshape(circuit0.labels(1), Shape{n, 1});
    const auto v11 = reshape(circuit0.labels(0), Shape{n, 1});
    public_to_yao1.setup(s, Shape{1, 1}, 64);
    const auto v14 = broadcast_to(public_to_yao1.labels(), Shape{n, 1});
    circuit1.setup(s, Circuit::load(CIRCUITS_DIR "/clipped_mean_1.txt"), {v14, v10, v11});
    from_yao0.setup(s, circuit1.labels(0));
    from_yao1.setup(s, circuit1.labels(1));
    mask1.setup(s, Shape{n, 1});
    const auto v21 = reshape(mask1.mask(), Shape{1, n});
    product0.setup(s, v21, mask0.mask());
    static_cast<void>(s);
  }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const std::vector<Tensor<Ring>>& publics) override {
    const std::size_t n = shares.clients();
    static_cast<void>(n);
    static_cast<void>(publics);
    const Tensor<Ring> v0 = shares.at(0);
    const Tensor<Ring>& v4 = publics.at(0);
    const Tensor<Ring>& v12 = publics.at(1);

    // Messages 1 of 4
    agreement.send(s, publics);
    mask0.send(s, v0);
    public_to_yao0.send(s, v4);
    public_to_yao1.send(s, v12);
    agreement.receive(s);
    const Masked v1 = mask0.receive(s);
    const GarbledTensor v5 = public_to_yao0.receive(s);
    const GarbledTensor v13 = public_to_yao1.receive(s);
    const Tensor<Ring> v2 = squares0.online(s, v1);
    const GarbledTensor v6 = reshape(v5, Shape{1});
    const GarbledTensor v7 = broadcast_to(v6, Shape{n});
    const GarbledTensor v14 = broadcast_to(v13, Shape{n, 1});

    // Messages 2 of 4
    to_yao0.send_masked(s, v2);
    to_yao0.receive_masked(s);

    // Messages 3 of 4
    to_yao0.send_labels(s);
    const GarbledTensor v3 = to_yao0.receive_labels(s);
    const std::vector<GarbledTensor> results_of_circuit0 = circuit0.online(s, {v3, v7});
    const GarbledTensor& v8 = results_of_circuit0[0];
    const GarbledTensor& v9 = results_of_circuit0[1];
    const GarbledTensor v10 = reshape(v9, Shape{n, 1});
    const GarbledTensor v11 = reshape(v8, Shape{n, 1});
    const std::vector<GarbledTensor> results_of_circuit1 = circuit1.online(s, {v14, v10, v11});
    const GarbledTensor& v15 = results_of_circuit1[0];
    const GarbledTensor& v16 = results_of_circuit1[1];
    const Tensor<Ring> v17 = from_yao0.online(s, v15);
    const Tensor<Ring> v18 = from_yao1.online(s, v16);
    const Tensor<Ring> v19 = sum(v18, {1});

    // Messages 4 of 4
    mask1.send(s, v17);
    open0.send(s, v19);
    const Masked v20 = mask1.receive(s);
    const Tensor<Ring> v23 = open0.receive(s);
    const Masked v21 = reshape(v20, Shape{1, n});
    const Tensor<Ring> v22 = product0.online(s, v21, v1);

    // To be opened once the counts have been judged
    outputs = {{v22, 24U}};
    return {v23};
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
  PublicToYao public_to_yao0;
  Evaluate circuit0;
  PublicToYao public_to_yao1;
  Evaluate circuit1;
  FromYao from_yao0;
  FromYao from_yao1;
  Mask mask1;
  Product product0;
  OpenArith open0;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new ClippedMeanProgram; }