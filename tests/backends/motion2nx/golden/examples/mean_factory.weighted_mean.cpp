// weighted_mean, for 30 clients at most, on MOTION2NX.
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

class WeightedMeanProgram final : public ezmotion::Program {
 public:
  explicit WeightedMeanProgram(MOTION::MPCProtocol protocol) : kArithmetic(protocol == MOTION::MPCProtocol::ArithmeticGMW ? Arithmetic::kGmw : Arithmetic::kBeavy) {}

  const char* name() const override { return "weighted_mean"; }

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
    outputs = {{v14, 24U}};
    return {v15};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(const ClientShares& shares) {
    // share, mean_factory.py:16
    v0 = shares.at(0);
    // share, mean_factory.py:16
    const Tensor<Ring> v1 = shares.at(1);
    // sum, mean_factory.py:16 federated_sum
    v2 = sum(v1, {0});
    // reshape, mean_factory.py:16 RealDiv
    v8 = reshape(v1, Shape{1, n});
  }

  void graph2() {
    Graph g(connection(), kArithmetic);
    const Arith g2 = g.input(v2);
    // to_yao, mean_factory.py:16 RealDiv
    const Yao g3 = g.to_yao(g2, 51);
    // circuit, mean_factory.py:16 RealDiv
    const std::vector<Yao> r4 = g.circuit(circuit_weighted_mean_0, {g3});
    const Yao& g4 = r4[0];
    const Yao& g5 = r4[1];
    // from_yao, mean_factory.py:16 RealDiv
    const Arith g6 = g.from_yao(g4);
    // from_yao, mean_factory.py:16 RealDiv
    const Arith g7 = g.from_yao(g5);
    g.run();
    v6 = g.share(g6);
    v7 = g.share(g7);
  }

  void local3() {
    // reshape, mean_factory.py:16 RealDiv
    v9 = reshape(v6, Shape{1, 1});
  }

  void products4() {
    Products products(connection(), kArithmetic);
    // gemm, mean_factory.py:16 RealDiv
    const std::size_t p10 = products.gemm(v9, v8);
    products.run();
    v10 = products.result(p10);
  }

  void graph5() {
    Graph g(connection(), kArithmetic);
    const Arith g10 = g.input(v10);
    // to_yao, mean_factory.py:16 RealDiv
    const Yao g11 = g.to_yao(g10, 64);
    // circuit, mean_factory.py:16 RealDiv
    const std::vector<Yao> r12 = g.circuit(circuit_drop29, {g11});
    const Yao& g12 = r12[0];
    // from_yao, mean_factory.py:16 RealDiv
    const Arith g13 = g.from_yao(g12);
    g.run();
    v13 = g.share(g13);
  }

  void products6() {
    Products products(connection(), kArithmetic);
    // gemm, mean_factory.py:16 RealDiv
    const std::size_t p14 = products.gemm(v13, v0);
    products.run();
    v14 = products.result(p14);
  }

  void open7(Session& s) {
    // open, mean_factory.py:16 RealDiv
    v15 = open(s, v7);
  }

  const Arithmetic kArithmetic;
  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_weighted_mean_0 = load_circuit(CIRCUITS_DIR "/weighted_mean_0.txt");
  const Circuit circuit_drop29 = load_circuit(CIRCUITS_DIR "/drop29.txt");
  Tensor<Ring> v0;
  Tensor<Ring> v2;
  Tensor<Ring> v6;
  Tensor<Ring> v7;
  Tensor<Ring> v8;
  Tensor<Ring> v9;
  Tensor<Ring> v10;
  Tensor<Ring> v13;
  Tensor<Ring> v14;
  Tensor<Ring> v15;
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "weighted_mean",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
        {"", "RealDiv (|x| <= 1.68e+07) at /work/w/solo/examples/mean_factory.py:16 (RealDiv): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 56},
    },
};

std::unique_ptr<ezmotion::Program> make(MOTION::MPCProtocol arithmetic) {
  return std::make_unique<WeightedMeanProgram>(arithmetic);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() { return new WeightedMeanProgram(MOTION::MPCProtocol::ArithmeticGMW); }

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }