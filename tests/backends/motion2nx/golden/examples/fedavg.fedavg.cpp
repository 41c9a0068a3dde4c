// fedavg, for 30 clients at most, on MOTION2NX.
// Emitted by ezcompile. Both servers run this program; s.party() is 0 (the garbler) or 1 (the evaluator).
// A value v is this server's additive share, or public; inside a graph it is g.
#include <cstddef>
#include <utility>
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
    graph5();
    products6();
    open7(s);
    // To be opened once the counts have been judged
    outputs = {{v20, 24U}, {v21, 24U}, {v23, 24U}, {v24, 24U}};
    return {v12};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
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
    // reshape, fedavg.py:39
    v13 = reshape(v4, Shape{1, n});
    // reshape, fedavg.py:39
    v19 = reshape(v0, Shape{n, 1024});
    // reshape, fedavg.py:39
    v22 = reshape(v2, Shape{n, 160});
  }

  void graph2() {
    Graph g(connection(), kArithmetic);
    const Arith g5 = g.input(v5);
    // to_yao, fedavg.py:42 federated_weighted_mean
    const Yao g6 = g.to_yao(g5, 51);
    // circuit, fedavg.py:42 federated_weighted_mean
    const std::vector<Yao> r7 = g.circuit(circuit_fedavg_0, {g6});
    const Yao& g7 = r7[0];
    const Yao& g8 = r7[1];
    // from_yao, fedavg.py:42 federated_weighted_mean
    const Arith g9 = g.from_yao(g7);
    // from_yao, fedavg.py:42 federated_weighted_mean
    const Arith g10 = g.from_yao(g8);
    g.run();
    v9 = g.share(g9);
    v10 = g.share(g10);
  }

  void local3() {
    // sum, fedavg.py:42 federated_weighted_mean
    v11 = sum(v10, {});
    // reshape, fedavg.py:39
    v14 = reshape(v9, Shape{1, 1});
  }

  void products4() {
    Products products(connection(), kArithmetic);
    // gemm, fedavg.py:39
    const std::size_t p15 = products.gemm(v14, v13);
    products.run();
    v15 = products.result(p15);
  }

  void graph5() {
    Graph g(connection(), kArithmetic);
    const Arith g15 = g.input(v15);
    // to_yao, fedavg.py:39
    const Yao g16 = g.to_yao(g15, 64);
    // circuit, fedavg.py:39
    const std::vector<Yao> r17 = g.circuit(circuit_drop32, {g16});
    const Yao& g17 = r17[0];
    // from_yao, fedavg.py:39
    const Arith g18 = g.from_yao(g17);
    g.run();
    v18 = g.share(g18);
  }

  void products6() {
    Products products(connection(), kArithmetic);
    // gemm, fedavg.py:39
    const std::size_t p20 = products.gemm(v18, v19);
    // gemm, fedavg.py:39
    const std::size_t p21 = products.gemm(v18, v1);
    // gemm, fedavg.py:39
    const std::size_t p23 = products.gemm(v18, v22);
    // gemm, fedavg.py:39
    const std::size_t p24 = products.gemm(v18, v3);
    products.run();
    v20 = products.result(p20);
    v21 = products.result(p21);
    v23 = products.result(p23);
    v24 = products.result(p24);
  }

  void open7(Session& s) {
    // open, fedavg.py:42 federated_weighted_mean
    v12 = open(s, v11);
  }

  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_fedavg_0 = load_circuit(CIRCUITS_DIR "/fedavg_0.txt");
  const Circuit circuit_drop32 = load_circuit(CIRCUITS_DIR "/drop32.txt");
  Tensor<Ring> v1;
  Tensor<Ring> v3;
  Tensor<Ring> v5;
  Tensor<Ring> v9;
  Tensor<Ring> v10;
  Tensor<Ring> v11;
  Tensor<Ring> v12;
  Tensor<Ring> v13;
  Tensor<Ring> v14;
  Tensor<Ring> v15;
  Tensor<Ring> v18;
  Tensor<Ring> v19;
  Tensor<Ring> v20;
  Tensor<Ring> v21;
  Tensor<Ring> v22;
  Tensor<Ring> v23;
  Tensor<Ring> v24;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new FedavgProgram; }