// clipped_mean, for 30 clients at most, on MOTION2NX.
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

class ClippedMeanProgram final : public ezmotion::Program {
 public:
  const char* name() const override { return "clipped_mean"; }

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
    outputs = {{v16, 24U}, {v9, kExact}};
    return {v17};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(const ClientShares& shares) {
    // share, norm_clipping.py:16
    v0 = shares.at(0);
    // proved_squares, norm_clipping.py:16 Sum
    v1 = shares.at(1);
  }

  void graph2() {
    Graph g(connection(), kArithmetic);
    const Arith g1 = g.input(v1);
    // to_yao, norm_clipping.py:16 Sqrt
    const Yao g2 = g.to_yao(g1, 64);
    // circuit, norm_clipping.py:16 Sqrt
    const std::vector<Yao> r3 = g.circuit(circuit_clipped_mean_0, {g2});
    const Yao& g3 = r3[0];
    const Yao& g4 = r3[1];
    const Yao& g5 = r3[2];
    // from_yao, norm_clipping.py:16 Cast
    const Arith g6 = g.from_yao(g5);
    // reshape, norm_clipping.py:16 RealDiv
    const Yao g7 = g.move({g4}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape, norm_clipping.py:16 StatelessIf
    const Yao g8 = g.move({g3}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // circuit, norm_clipping.py:16 StatelessIf
    const std::vector<Yao> r10 = g.circuit(circuit_clipped_mean_1, {g8, g7});
    const Yao& g10 = r10[0];
    const Yao& g11 = r10[1];
    // from_yao, norm_clipping.py:16 StatelessIf
    const Arith g12 = g.from_yao(g10);
    // from_yao, norm_clipping.py:16 Sqrt
    const Arith g13 = g.from_yao(g11);
    g.run();
    v6 = g.share(g6);
    v12 = g.share(g12);
    v13 = g.share(g13);
  }

  void local3() {
    // sum, norm_clipping.py:14 federated_sum
    v9 = sum(v6, {0});
    // sum, norm_clipping.py:16 Sqrt
    v14 = sum(v13, {1});
    // reshape, norm_clipping.py:16 federated_sum
    v15 = reshape(v12, Shape{1, n});
  }

  void products4() {
    Products products(connection(), kArithmetic);
    // gemm, norm_clipping.py:16 federated_sum
    const std::size_t p16 = products.gemm(v15, v0);
    products.run();
    v16 = products.result(p16);
  }

  void open5(Session& s) {
    // open, norm_clipping.py:16 Sqrt
    v17 = open(s, v14);
  }

  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_clipped_mean_0 = load_circuit(CIRCUITS_DIR "/clipped_mean_0.txt");
  const Circuit circuit_clipped_mean_1 = load_circuit(CIRCUITS_DIR "/clipped_mean_1.txt");
  Tensor<Ring> v0;
  Tensor<Ring> v1;
  Tensor<Ring> v6;
  Tensor<Ring> v9;
  Tensor<Ring> v12;
  Tensor<Ring> v13;
  Tensor<Ring> v14;
  Tensor<Ring> v15;
  Tensor<Ring> v16;
  Tensor<Ring> v17;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new ClippedMeanProgram; }