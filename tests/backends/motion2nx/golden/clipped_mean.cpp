// clipped_mean, for 9 clients at most, on MOTION2NX.
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
    local1(s, shares, publics);
    products2();
    graph3();
    local4();
    products5();
    open6(s);
    // To be opened once the counts have been judged
    outputs = {{v22, 24U}};
    return {v23};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(Session& s, const ClientShares& shares, const Tensors& publics) {
    v0 = shares.at(0);
    const Tensor<Ring> v3 = publics.at(0);
    v4 = public_share(v3, s.party());
    const Tensor<Ring> v12 = publics.at(1);
    v13 = public_share(v12, s.party());
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
    const Arith g13 = g.input(v13);
    const Yao g2 = g.to_yao(g1, 63);
    const Yao g5 = g.to_yao(g4, 64);
    const Yao g6 = g.move({g5}, [](const Tensors& x) { return reshape(x[0], Shape{1}); });
    const Yao g7 = g.move({g6}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{n}); });
    const std::vector<Yao> r8 = g.circuit(circuit_clipped_mean_0, {g2, g7});
    const Yao& g8 = r8[0];
    const Yao& g9 = r8[1];
    const Yao g10 = g.move({g9}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    const Yao g11 = g.move({g8}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    const Yao g14 = g.to_yao(g13, 64);
    const Yao g15 = g.move({g14}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{n, 1}); });
    const std::vector<Yao> r16 = g.circuit(circuit_clipped_mean_1, {g15, g10, g11});
    const Yao& g16 = r16[0];
    const Yao& g17 = r16[1];
    const Arith g18 = g.from_yao(g16);
    const Arith g19 = g.from_yao(g17);
    g.run();
    v18 = g.share(g18);
    v19 = g.share(g19);
  }

  void local4() {
    v20 = sum(v19, {1});
    v21 = reshape(v18, Shape{1, n});
  }

  void products5() {
    Products products(connection(), kArithmetic);
    const std::size_t p22 = products.gemm(v21, v0);
    products.run();
    v22 = products.result(p22);
  }

  void open6(Session& s) {
    v23 = open(s, v20);
  }

  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_clipped_mean_0 = load_circuit(CIRCUITS_DIR "/clipped_mean_0.txt");
  const Circuit circuit_clipped_mean_1 = load_circuit(CIRCUITS_DIR "/clipped_mean_1.txt");
  Tensor<Ring> v0;
  Tensor<Ring> v1;
  Tensor<Ring> v4;
  Tensor<Ring> v13;
  Tensor<Ring> v18;
  Tensor<Ring> v19;
  Tensor<Ring> v20;
  Tensor<Ring> v21;
  Tensor<Ring> v22;
  Tensor<Ring> v23;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new ClippedMeanProgram; }