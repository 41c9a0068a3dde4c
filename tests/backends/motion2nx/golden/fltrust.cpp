// fltrust, for 9 clients at most, on MOTION2NX.
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
    products4();
    local5();
    open6(s);
    // To be opened once the counts have been judged
    outputs = {{v21, 24U}};
    return {v22};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(const ClientShares& shares, const Tensors& publics) {
    v0 = shares.at(0);
    const Tensor<Ring> v1 = publics.at(0);
    const Tensor<Ring> v2 = matmul(v0, v1);
    v3 = reshape(v2, Shape{n});
    v20 = publics.at(1);
  }

  void graph2() {
    Graph g(connection(), kArithmetic);
    const Arith g3 = g.input(v3);
    const Yao g4 = g.to_yao(g3, 64);
    const std::vector<Yao> r5 = g.circuit(circuit_fltrust_0, {g4});
    const Yao& g5 = r5[0];
    const Yao& g6 = r5[1];
    const Arith g7 = g.from_yao(g6);
    const Arith g8 = g.linear({g7}, [](const Tensors& x) { return sum(x[0], {0}); });
    const Yao g9 = g.move({g5}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    const Yao g10 = g.to_yao(g8, 56);
    const std::vector<Yao> r11 = g.circuit(circuit_fltrust_1, {g10});
    const Yao& g11 = r11[0];
    const Yao g12 = g.move({g11}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    const Yao g13 = g.move({g12}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    const std::vector<Yao> r14 = g.circuit(circuit_fltrust_2, {g9, g13});
    const Yao& g14 = r14[0];
    const Yao& g15 = r14[1];
    const Arith g16 = g.from_yao(g14);
    const Arith g17 = g.from_yao(g15);
    g.run();
    v16 = g.share(g16);
    v17 = g.share(g17);
  }

  void local3() {
    v18 = sum(v17, {0});
  }

  void products4() {
    Products products(connection(), kArithmetic);
    const std::size_t p19 = products.gemm(v16, v0);
    products.run();
    v19 = products.result(p19);
  }

  void local5() {
    v21 = mul(v19, v20);
  }

  void open6(Session& s) {
    v22 = open(s, v18);
  }

  const Arithmetic kArithmetic;
  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_fltrust_0 = load_circuit(CIRCUITS_DIR "/fltrust_0.txt");
  const Circuit circuit_fltrust_1 = load_circuit(CIRCUITS_DIR "/fltrust_1.txt");
  const Circuit circuit_fltrust_2 = load_circuit(CIRCUITS_DIR "/fltrust_2.txt");
  Tensor<Ring> v0;
  Tensor<Ring> v3;
  Tensor<Ring> v16;
  Tensor<Ring> v17;
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
    .max_clients = 9,
    .exact = false,
    .drops = true,
    .checks = {
        {"mul (|x| <= 1) is not finite for its values, or beyond the range that the program was compiled for", "mul (|x| <= 1): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
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