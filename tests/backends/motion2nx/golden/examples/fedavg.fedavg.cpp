// fedavg, for 30 clients at most, on MOTION2NX.
// Emitted by ezcompile. Both servers run this program; s.party() is 0 (the garbler) or 1 (the evaluator).
// A value v is this server's additive share, or public; inside a graph it is g.
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "ezmotion/graph.h"
#include "ezmotion/products.h"
#include "ezmotion/program.h"
#include "ezmotion/server.h"

namespace {

using namespace ezmotion;

class FedavgProgram final : public ezmotion::Program {
 public:
  explicit FedavgProgram(MOTION::MPCProtocol protocol) : kArithmetic(protocol == MOTION::MPCProtocol::ArithmeticGMW ? Arithmetic::kGmw : Arithmetic::kBeavy) {}

  const char* name() const override { return "fedavg"; }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const Tensors& publics) override {
    n = shares.clients();
    agree(s, publics);
    local1(shares);
    graph2();
    local3();
    products4();
    graph5();
    products6();
    open7(s);
    // To be opened once the counts have been judged
    outputs = {{v18, 24U}, {v19, 24U}, {v21, 24U}, {v22, 24U}};
    return {v23};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(const ClientShares& shares) {
    // share, fedavg.py:40
    const Tensor<Ring> v0 = shares.at(0);
    // share, fedavg.py:40
    v1 = shares.at(1);
    // share, fedavg.py:40
    const Tensor<Ring> v2 = shares.at(2);
    // share, fedavg.py:40
    v3 = shares.at(3);
    // share, fedavg.py:40
    const Tensor<Ring> v4 = shares.at(4);
    // sum, fedavg.py:42 federated_weighted_mean
    v5 = sum(v4, {0});
    // reshape, fedavg.py:42 federated_weighted_mean
    v11 = reshape(v4, Shape{1, n});
    // reshape, fedavg.py:42 federated_weighted_mean
    v17 = reshape(v0, Shape{n, 1024});
    // reshape, fedavg.py:42 federated_weighted_mean
    v20 = reshape(v2, Shape{n, 160});
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
    // reshape, fedavg.py:42 federated_weighted_mean
    v12 = reshape(v9, Shape{1, 1});
  }

  void products4() {
    Products products(connection(), kArithmetic);
    // gemm, fedavg.py:42 federated_weighted_mean
    const std::size_t p13 = products.gemm(v12, v11);
    products.run();
    v13 = products.result(p13);
  }

  void graph5() {
    Graph g(connection(), kArithmetic);
    const Arith g13 = g.input(v13);
    // to_yao, fedavg.py:42 federated_weighted_mean
    const Yao g14 = g.to_yao(g13, 64);
    // circuit, fedavg.py:42 federated_weighted_mean
    const std::vector<Yao> r15 = g.circuit(circuit_drop30, {g14});
    const Yao& g15 = r15[0];
    // from_yao, fedavg.py:42 federated_weighted_mean
    const Arith g16 = g.from_yao(g15);
    g.run();
    v16 = g.share(g16);
  }

  void products6() {
    Products products(connection(), kArithmetic);
    // gemm, fedavg.py:42 federated_weighted_mean
    const std::size_t p18 = products.gemm(v16, v17);
    // gemm, fedavg.py:42 federated_weighted_mean
    const std::size_t p19 = products.gemm(v16, v1);
    // gemm, fedavg.py:42 federated_weighted_mean
    const std::size_t p21 = products.gemm(v16, v20);
    // gemm, fedavg.py:42 federated_weighted_mean
    const std::size_t p22 = products.gemm(v16, v3);
    products.run();
    v18 = products.result(p18);
    v19 = products.result(p19);
    v21 = products.result(p21);
    v22 = products.result(p22);
  }

  void open7(Session& s) {
    // open, fedavg.py:42 federated_weighted_mean
    v23 = open(s, v10);
  }

  const Arithmetic kArithmetic;
  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_fedavg_0 = load_circuit(CIRCUITS_DIR "/fedavg_0.txt");
  const Circuit circuit_drop30 = load_circuit(CIRCUITS_DIR "/drop30.txt");
  Tensor<Ring> v1;
  Tensor<Ring> v3;
  Tensor<Ring> v5;
  Tensor<Ring> v9;
  Tensor<Ring> v10;
  Tensor<Ring> v11;
  Tensor<Ring> v12;
  Tensor<Ring> v13;
  Tensor<Ring> v16;
  Tensor<Ring> v17;
  Tensor<Ring> v18;
  Tensor<Ring> v19;
  Tensor<Ring> v20;
  Tensor<Ring> v21;
  Tensor<Ring> v22;
  Tensor<Ring> v23;
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "fedavg",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
        {"", "federated_weighted_mean (|x| <= 1.68e+07) at /work/w/solo/examples/fedavg.py:42 (federated_weighted_mean): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 54},
        {"opened1", 54},
        {"opened2", 54},
        {"opened3", 54},
    },
};

std::unique_ptr<ezmotion::Program> make(MOTION::MPCProtocol arithmetic) {
  return std::make_unique<FedavgProgram>(arithmetic);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() { return new FedavgProgram(MOTION::MPCProtocol::ArithmeticGMW); }

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }