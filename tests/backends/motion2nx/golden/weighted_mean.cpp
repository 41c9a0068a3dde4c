// weighted_mean, for 9 clients at most, on MOTION2NX.
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
    open5(s);
    // To be opened once the counts have been judged
    outputs = {{v14, 24U}};
    return {v15};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(const ClientShares& shares) {
    v0 = shares.at(0);
    const Tensor<Ring> v1 = shares.at(1);
    v2 = reshape(v1, Shape{1, n});
    v3 = sum(v1, {0});
  }

  void graph2() {
    Graph g(connection(), kArithmetic);
    const Arith g3 = g.input(v3);
    const Arith g2 = g.input(v2);
    const Yao g4 = g.to_yao(g3, 58);
    const std::vector<Yao> r5 = g.circuit(circuit_weighted_mean_0, {g4});
    const Yao& g5 = r5[0];
    const Yao g6 = g.move({g5}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    const Yao g7 = g.to_yao(g2, 54);
    const Yao g8 = g.move({g6}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    const std::vector<Yao> r9 = g.circuit(circuit_weighted_mean_1, {g7, g8});
    const Yao& g9 = r9[0];
    const Yao& g10 = r9[1];
    const Arith g11 = g.from_yao(g9);
    const Arith g12 = g.from_yao(g10);
    g.run();
    v11 = g.share(g11);
    v12 = g.share(g12);
  }

  void local3() {
    v13 = sum(v12, {0});
  }

  void products4() {
    Products products(connection(), kArithmetic);
    const std::size_t p14 = products.gemm(v11, v0);
    products.run();
    v14 = products.result(p14);
  }

  void open5(Session& s) {
    v15 = open(s, v13);
  }

  const Arithmetic kArithmetic;
  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_weighted_mean_0 = load_circuit(CIRCUITS_DIR "/weighted_mean_0.txt");
  const Circuit circuit_weighted_mean_1 = load_circuit(CIRCUITS_DIR "/weighted_mean_1.txt");
  Tensor<Ring> v0;
  Tensor<Ring> v2;
  Tensor<Ring> v3;
  Tensor<Ring> v11;
  Tensor<Ring> v12;
  Tensor<Ring> v13;
  Tensor<Ring> v14;
  Tensor<Ring> v15;
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "weighted_mean",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 9,
    .exact = false,
    .drops = true,
    .checks = {
        {"reciprocal (|x| <= 1) is not finite for its values, or beyond the range that the program was compiled for", "reciprocal (|x| <= 1): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 59},
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