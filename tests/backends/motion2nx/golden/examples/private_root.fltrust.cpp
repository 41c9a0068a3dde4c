// fltrust, for 30 clients at most, on MOTION2NX.
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

class FltrustProgram final : public ezmotion::Program {
 public:
  explicit FltrustProgram(MOTION::MPCProtocol protocol) : kArithmetic(protocol == MOTION::MPCProtocol::ArithmeticGMW ? Arithmetic::kGmw : Arithmetic::kBeavy) {}

  const char* name() const override { return "fltrust"; }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const Tensors& publics) override {
    n = shares.clients();
    agree(s, publics);
    local1(shares, publics);
    graph2();
    local3();
    graph4();
    local5();
    products6();
    graph7();
    products8();
    local9();
    open10(s);
    // To be opened once the counts have been judged
    outputs = {{v21, 24U}};
    return {v22};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(const ClientShares& shares, const Tensors& publics) {
    // share, private_root.py:20
    v0 = shares.at(0);
    // public, private_root.py:20 Relu
    const Tensor<Ring> v1 = publics.at(0);
    // matmul_public, private_root.py:20 Relu
    const Tensor<Ring> v2 = matmul(v0, v1);
    // reshape, private_root.py:20 Relu
    v3 = reshape(v2, Shape{n});
    // public, private_root.py:20
    v20 = publics.at(1);
  }

  void graph2() {
    Graph g(connection(), kArithmetic);
    const Arith g3 = g.input(v3);
    // to_yao, private_root.py:20 Relu
    const Yao g4 = g.to_yao(g3, 64);
    // circuit, private_root.py:20 Relu
    const std::vector<Yao> r5 = g.circuit(circuit_fltrust_0, {g4});
    const Yao& g5 = r5[0];
    // from_yao, private_root.py:20 Relu
    const Arith g6 = g.from_yao(g5);
    g.run();
    v6 = g.share(g6);
  }

  void local3() {
    // sum, private_root.py:20 federated_sum
    v7 = sum(v6, {0});
    // reshape, private_root.py:20 DivNoNan
    v13 = reshape(v6, Shape{1, n});
  }

  void graph4() {
    Graph g(connection(), kArithmetic);
    const Arith g7 = g.input(v7);
    // to_yao, private_root.py:20 DivNoNan
    const Yao g8 = g.to_yao(g7, 41);
    // circuit, private_root.py:20 DivNoNan
    const std::vector<Yao> r9 = g.circuit(circuit_fltrust_1, {g8});
    const Yao& g9 = r9[0];
    const Yao& g10 = r9[1];
    // from_yao, private_root.py:20 DivNoNan
    const Arith g11 = g.from_yao(g9);
    // from_yao, private_root.py:20 DivNoNan
    const Arith g12 = g.from_yao(g10);
    g.run();
    v11 = g.share(g11);
    v12 = g.share(g12);
  }

  void local5() {
    // reshape, private_root.py:20 DivNoNan
    v14 = reshape(v11, Shape{1, 1});
  }

  void products6() {
    Products products(connection(), kArithmetic);
    // gemm, private_root.py:20 DivNoNan
    const std::size_t p15 = products.gemm(v14, v13);
    products.run();
    v15 = products.result(p15);
  }

  void graph7() {
    Graph g(connection(), kArithmetic);
    const Arith g15 = g.input(v15);
    // to_yao, private_root.py:20 DivNoNan
    const Yao g16 = g.to_yao(g15, 64);
    // circuit, private_root.py:20 DivNoNan
    const std::vector<Yao> r17 = g.circuit(circuit_drop30, {g16});
    const Yao& g17 = r17[0];
    // from_yao, private_root.py:20 DivNoNan
    const Arith g18 = g.from_yao(g17);
    g.run();
    v18 = g.share(g18);
  }

  void products8() {
    Products products(connection(), kArithmetic);
    // gemm, private_root.py:20 DivNoNan
    const std::size_t p19 = products.gemm(v18, v0);
    products.run();
    v19 = products.result(p19);
  }

  void local9() {
    // mul_public, private_root.py:20
    v21 = mul(v19, v20);
  }

  void open10(Session& s) {
    // open, private_root.py:20 DivNoNan
    v22 = open(s, v12);
  }

  const Arithmetic kArithmetic;
  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_fltrust_0 = load_circuit(CIRCUITS_DIR "/fltrust_0.txt");
  const Circuit circuit_fltrust_1 = load_circuit(CIRCUITS_DIR "/fltrust_1.txt");
  const Circuit circuit_drop30 = load_circuit(CIRCUITS_DIR "/drop30.txt");
  Tensor<Ring> v0;
  Tensor<Ring> v3;
  Tensor<Ring> v6;
  Tensor<Ring> v7;
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
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "fltrust",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
        {"", "DivNoNan (|x| <= 1.68e+07) at /work/w/solo/examples/private_root.py:20 (DivNoNan): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 62},
    },
};

std::unique_ptr<ezmotion::Program> make(MOTION::MPCProtocol arithmetic) {
  return std::make_unique<FltrustProgram>(arithmetic);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() { return new FltrustProgram(MOTION::MPCProtocol::ArithmeticGMW); }

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }