// fedavg, for 30 clients at most, on MOTION2NX.
// Emitted by ezcompile. Both servers run this program; s.party() is 0 (the garbler) or 1 (the evaluator).
// A value v is this server's additive share, or public; inside a graph it is g.
#include <cstddef>
#include <vector>

#include "ezmotion/graph.h"
#include "ezmotion/products.h"
#include "ezmotion/program.h"

namespace {

using namespace ezmotion;

constexpr Arithmetic kArithmetic = Arithmetic::kGmw;

class FedavgProgram final : public ezmotion::Program {
 public:
  const char* name() const override { return "fedavg"; }

  std::vector<Tensor<Ring>> online(Session& s, const Tensors& shares,
                                   const Tensors& publics) override {
    n = shares.at(0).shape.at(0);
    agree(s, publics);
    local1(shares);
    graph2();
    local3();
    products4();
    open5(s);
    return {v24, v25, v26, v27, v17};
  }

 private:
  void local1(const Tensors& shares) {
    // share, fedavg.py:39
    const Tensor<Ring> v0 = shares.at(0);
    // share, fedavg.py:39
    v1 = shares.at(1);
    // share, fedavg.py:39
    const Tensor<Ring> v2 = shares.at(2);
    // share, fedavg.py:39
    v3 = shares.at(3);
    // share, fedavg.py:39
    const Tensor<Ring> v4 = shares.at(4);
    // sum, fedavg.py:42 federated_weighted_mean
    v5 = sum(v4, {0});
    v6 = reshape(v4, Shape{1, n});
    // reshape, fedavg.py:39
    v18 = reshape(v0, Shape{n, 1024});
    // reshape, fedavg.py:39
    v21 = reshape(v2, Shape{n, 160});
  }

  void graph2() {
    Graph g(connection(), kArithmetic);
    const Arith g5 = g.input(v5);
    const Arith g6 = g.input(v6);
    // to_yao, fedavg.py:42 federated_weighted_mean
    const Yao g7 = g.to_yao(g5, 59);
    // circuit, fedavg.py:42 federated_weighted_mean
    const std::vector<Yao> r8 = g.circuit(circuit_fedavg_0, {g7});
    const Yao& g8 = r8[0];
    // reshape, fedavg.py:42 federated_weighted_mean
    const Yao g9 = g.move({g8}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // to_yao, fedavg.py:39
    const Yao g10 = g.to_yao(g6, 54);
    // broadcast, fedavg.py:39
    const Yao g11 = g.move({g9}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    // circuit, fedavg.py:39
    const std::vector<Yao> r12 = g.circuit(circuit_fedavg_1, {g10, g11});
    const Yao& g12 = r12[0];
    const Yao& g13 = r12[1];
    // from_yao, fedavg.py:39
    const Arith g14 = g.from_yao(g12);
    // from_yao, fedavg.py:42 federated_weighted_mean
    const Arith g15 = g.from_yao(g13);
    g.run();
    v14 = g.share(g14);
    v15 = g.share(g15);
  }

  void local3() {
    // sum, fedavg.py:42 federated_weighted_mean
    v16 = sum(v15, {0, 1});
  }

  void products4() {
    Products products(connection(), kArithmetic);
    // gemm, fedavg.py:39
    const std::size_t p19 = products.gemm(v14, v18);
    // gemm, fedavg.py:39
    const std::size_t p20 = products.gemm(v14, v1);
    // gemm, fedavg.py:39
    const std::size_t p22 = products.gemm(v14, v21);
    // gemm, fedavg.py:39
    const std::size_t p23 = products.gemm(v14, v3);
    products.run();
    v19 = products.result(p19);
    v20 = products.result(p20);
    v22 = products.result(p22);
    v23 = products.result(p23);
  }

  void open5(Session& s) {
    // open, fedavg.py:42 federated_weighted_mean
    v17 = open(s, v16);
    // open, fedavg.py:39
    v24 = open(s, v19);
    // open, fedavg.py:39
    v25 = open(s, v20);
    // open, fedavg.py:39
    v26 = open(s, v22);
    // open, fedavg.py:39
    v27 = open(s, v23);
  }

  std::size_t n = 0;  // clients of this round
  const Circuit circuit_fedavg_0 = load_circuit(CIRCUITS_DIR "/fedavg_0.txt");
  const Circuit circuit_fedavg_1 = load_circuit(CIRCUITS_DIR "/fedavg_1.txt");
  Tensor<Ring> v1;
  Tensor<Ring> v3;
  Tensor<Ring> v5;
  Tensor<Ring> v6;
  Tensor<Ring> v14;
  Tensor<Ring> v15;
  Tensor<Ring> v16;
  Tensor<Ring> v17;
  Tensor<Ring> v18;
  Tensor<Ring> v19;
  Tensor<Ring> v20;
  Tensor<Ring> v21;
  Tensor<Ring> v22;
  Tensor<Ring> v23;
  Tensor<Ring> v24;
  Tensor<Ring> v25;
  Tensor<Ring> v26;
  Tensor<Ring> v27;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new FedavgProgram; }