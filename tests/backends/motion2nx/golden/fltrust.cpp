// fltrust, for 9 clients at most, on MOTION2NX.
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

class FltrustProgram final : public ezmotion::Program {
 public:
  const char* name() const override { return "fltrust"; }

  std::vector<Tensor<Ring>> online(Session& s, const Tensors& shares,
                                   const Tensors& publics) override {
    n = shares.at(0).shape.at(0);
    agree(s, publics);
    local1(shares, publics);
    products2();
    graph3();
    local4();
    products5();
    local6();
    open7(s);
    // To be opened once the counts have been judged
    outputs = {{v28, 24U}};
    return {v13, v25};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(const Tensors& shares, const Tensors& publics) {
    v0 = shares.at(0);
    const Tensor<Ring> v2 = publics.at(0);
    const Tensor<Ring> v3 = matmul(v0, v2);
    v4 = reshape(v3, Shape{n});
    v27 = publics.at(1);
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
    const std::vector<Yao> r7 = g.circuit(circuit_fltrust_0, {g5, g6});
    const Yao& g7 = r7[0];
    const Yao& g8 = r7[1];
    const Yao& g9 = r7[2];
    const Arith g10 = g.from_yao(g7);
    const Arith g11 = g.from_yao(g9);
    const Arith g14 = g.linear({g10}, [](const Tensors& x) { return sum(x[0], {0}); });
    const Yao g15 = g.move({g8}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    const Yao g16 = g.to_yao(g14, 56);
    const std::vector<Yao> r17 = g.circuit(circuit_fltrust_1, {g16});
    const Yao& g17 = r17[0];
    const Yao g18 = g.move({g17}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    const Yao g19 = g.move({g18}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    const std::vector<Yao> r20 = g.circuit(circuit_fltrust_2, {g15, g19});
    const Yao& g20 = r20[0];
    const Yao& g21 = r20[1];
    const Arith g22 = g.from_yao(g20);
    const Arith g23 = g.from_yao(g21);
    g.run();
    v11 = g.share(g11);
    v22 = g.share(g22);
    v23 = g.share(g23);
  }

  void local4() {
    v12 = sum(v11, {0});
    v24 = sum(v23, {0, 1});
  }

  void products5() {
    Products products(connection(), kArithmetic);
    const std::size_t p26 = products.gemm(v22, v0);
    products.run();
    v26 = products.result(p26);
  }

  void local6() {
    v28 = mul(v26, v27);
  }

  void open7(Session& s) {
    v13 = open(s, v12);
    v25 = open(s, v24);
  }

  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_fltrust_0 = load_circuit(CIRCUITS_DIR "/fltrust_0.txt");
  const Circuit circuit_fltrust_1 = load_circuit(CIRCUITS_DIR "/fltrust_1.txt");
  const Circuit circuit_fltrust_2 = load_circuit(CIRCUITS_DIR "/fltrust_2.txt");
  Tensor<Ring> v0;
  Tensor<Ring> v1;
  Tensor<Ring> v4;
  Tensor<Ring> v11;
  Tensor<Ring> v12;
  Tensor<Ring> v13;
  Tensor<Ring> v22;
  Tensor<Ring> v23;
  Tensor<Ring> v24;
  Tensor<Ring> v25;
  Tensor<Ring> v26;
  Tensor<Ring> v27;
  Tensor<Ring> v28;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new FltrustProgram; }