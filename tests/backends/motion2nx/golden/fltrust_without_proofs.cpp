// fltrust_without_proofs, for 9 clients at most, on MOTION2NX.
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

class FltrustWithoutProofsProgram final : public ezmotion::Program {
 public:
  explicit FltrustWithoutProofsProgram(MOTION::MPCProtocol protocol) : kArithmetic(protocol == MOTION::MPCProtocol::ArithmeticGMW ? Arithmetic::kGmw : Arithmetic::kBeavy) {}

  const char* name() const override { return "fltrust_without_proofs"; }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const Tensors& publics) override {
    n = shares.clients();
    agree(s, publics);
    local1(shares, publics);
    products2();
    graph3();
    local4();
    products5();
    local6();
    graph7();
    open8(s);
    // To be opened once the counts have been judged
    outputs = {{v25, 24U}};
    return {v30};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(const ClientShares& shares, const Tensors& publics) {
    v0 = shares.at(0);
    const Tensor<Ring> v2 = publics.at(0);
    const Tensor<Ring> v3 = matmul(v0, v2);
    v4 = reshape(v3, Shape{n});
    v24 = publics.at(1);
  }

  void products2() {
    Products products(connection(), kArithmetic);
    const std::size_t p1 = products.square_sum(v0);
    products.run();
    v1 = products.result(p1);
  }

  void graph3() {
    Graph g(connection(), kArithmetic);
    const Arith g1 = g.input(v1);
    const Arith g4 = g.input(v4);
    const Yao g5 = g.to_yao(g1, 64);
    const Yao g6 = g.to_yao(g4, 64);
    const std::vector<Yao> r7 = g.circuit(circuit_fltrust_without_proofs_0, {g5, g6});
    const Yao& g7 = r7[0];
    const Yao& g8 = r7[1];
    const Yao& g9 = r7[2];
    const Arith g10 = g.from_yao(g7);
    const Arith g11 = g.from_yao(g9);
    const Arith g12 = g.linear({g10}, [](const Tensors& x) { return sum(x[0], {0}); });
    const Yao g13 = g.move({g8}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    const Yao g14 = g.to_yao(g12, 56);
    const std::vector<Yao> r15 = g.circuit(circuit_fltrust_without_proofs_1, {g14});
    const Yao& g15 = r15[0];
    const Yao g16 = g.move({g15}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    const Yao g17 = g.move({g16}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    const std::vector<Yao> r18 = g.circuit(circuit_fltrust_without_proofs_2, {g13, g17});
    const Yao& g18 = r18[0];
    const Yao& g19 = r18[1];
    const Arith g20 = g.from_yao(g18);
    const Arith g21 = g.from_yao(g19);
    g.run();
    v11 = g.share(g11);
    v20 = g.share(g20);
    v21 = g.share(g21);
  }

  void local4() {
    const Tensor<Ring> v22 = sum(v21, {0});
    v26 = add(v11, v22);
  }

  void products5() {
    Products products(connection(), kArithmetic);
    const std::size_t p23 = products.gemm(v20, v0);
    products.run();
    v23 = products.result(p23);
  }

  void local6() {
    v25 = mul(v23, v24);
  }

  void graph7() {
    Graph g(connection(), kArithmetic);
    const Arith g26 = g.input(v26);
    const Yao g27 = g.to_yao(g26, 2);
    const std::vector<Yao> r28 = g.circuit(circuit_any_2, {g27});
    const Yao& g28 = r28[0];
    const Arith g29 = g.from_yao(g28);
    g.run();
    v29 = g.share(g29);
  }

  void open8(Session& s) {
    v30 = open(s, v29);
  }

  const Arithmetic kArithmetic;
  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_fltrust_without_proofs_0 = load_circuit(CIRCUITS_DIR "/fltrust_without_proofs_0.txt");
  const Circuit circuit_fltrust_without_proofs_1 = load_circuit(CIRCUITS_DIR "/fltrust_without_proofs_1.txt");
  const Circuit circuit_fltrust_without_proofs_2 = load_circuit(CIRCUITS_DIR "/fltrust_without_proofs_2.txt");
  const Circuit circuit_any_2 = load_circuit(CIRCUITS_DIR "/any_2.txt");
  Tensor<Ring> v0;
  Tensor<Ring> v1;
  Tensor<Ring> v4;
  Tensor<Ring> v11;
  Tensor<Ring> v20;
  Tensor<Ring> v21;
  Tensor<Ring> v23;
  Tensor<Ring> v24;
  Tensor<Ring> v25;
  Tensor<Ring> v26;
  Tensor<Ring> v29;
  Tensor<Ring> v30;
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "fltrust_without_proofs",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 9,
    .exact = false,
    .drops = true,
    .checks = {
        {"div (|x| <= 1.68e+07) is not finite for its values, or beyond the range that the program was compiled for", "div (|x| <= 1.68e+07): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 62},
    },
};

std::unique_ptr<ezmotion::Program> make(MOTION::MPCProtocol arithmetic) {
  return std::make_unique<FltrustWithoutProofsProgram>(arithmetic);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() { return new FltrustWithoutProofsProgram(MOTION::MPCProtocol::ArithmeticGMW); }

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }