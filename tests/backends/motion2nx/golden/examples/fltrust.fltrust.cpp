// fltrust, for 30 clients at most, on MOTION2NX.
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
    graph2();
    local3();
    products4();
    local5();
    graph6();
    open7(s);
    // To be opened once the counts have been judged
    outputs = {{v28, 24U}};
    return {v33};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(const Tensors& shares, const Tensors& publics) {
    // share, fltrust.py:18
    v0 = shares.at(0);
    // proved_squares, fltrust.py:18 Sum
    const Tensor<Ring> v1 = shares.at(1);
    v2 = reshape(v1, Shape{n, 1});
    // public, fltrust.py:18 Relu
    const Tensor<Ring> v3 = publics.at(0);
    // matmul_public, fltrust.py:18 Relu
    const Tensor<Ring> v4 = matmul(v0, v3);
    // reshape, fltrust.py:18 Relu
    v5 = reshape(v4, Shape{n});
    // public, fltrust.py:18
    v27 = publics.at(1);
  }

  void graph2() {
    Graph g(connection(), kArithmetic);
    const Arith g2 = g.input(v2);
    const Arith g5 = g.input(v5);
    // to_yao, fltrust.py:18 RealDiv
    const Yao g6 = g.to_yao(g2, 64);
    // circuit, fltrust.py:18 RealDiv
    const std::vector<Yao> r7 = g.circuit(circuit_fltrust_0, {g6});
    const Yao& g7 = r7[0];
    // reshape, fltrust.py:18 RealDiv
    const Yao g8 = g.move({g7}, [this](const Tensors& x) { return reshape(x[0], Shape{n}); });
    // to_yao, fltrust.py:18 RealDiv
    const Yao g9 = g.to_yao(g5, 64);
    // circuit, fltrust.py:18 RealDiv
    const std::vector<Yao> r10 = g.circuit(circuit_fltrust_1, {g9, g8});
    const Yao& g10 = r10[0];
    const Yao& g11 = r10[1];
    const Yao& g12 = r10[2];
    // from_yao, fltrust.py:18 Relu
    const Arith g13 = g.from_yao(g10);
    // from_yao, fltrust.py:18 RealDiv
    const Arith g14 = g.from_yao(g12);
    // sum, fltrust.py:18 federated_sum
    const Arith g15 = g.linear({g13}, [](const Tensors& x) { return sum(x[0], {0}); });
    const Yao g16 = g.move({g11}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // to_yao, fltrust.py:18 DivNoNan
    const Yao g17 = g.to_yao(g15, 57);
    // circuit, fltrust.py:18 DivNoNan
    const std::vector<Yao> r18 = g.circuit(circuit_fltrust_2, {g17});
    const Yao& g18 = r18[0];
    const Yao g19 = g.move({g18}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // broadcast, fltrust.py:18 DivNoNan
    const Yao g20 = g.move({g19}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    // circuit, fltrust.py:18 DivNoNan
    const std::vector<Yao> r21 = g.circuit(circuit_fltrust_3, {g16, g20});
    const Yao& g21 = r21[0];
    const Yao& g22 = r21[1];
    // from_yao, fltrust.py:18 DivNoNan
    const Arith g23 = g.from_yao(g21);
    // from_yao, fltrust.py:18 RealDiv
    const Arith g24 = g.from_yao(g22);
    g.run();
    v14 = g.share(g14);
    v23 = g.share(g23);
    v24 = g.share(g24);
  }

  void local3() {
    // sum, fltrust.py:18 RealDiv
    const Tensor<Ring> v25 = sum(v24, {0});
    // add, fltrust.py:18 RealDiv
    v29 = add(v14, v25);
  }

  void products4() {
    Products products(connection(), kArithmetic);
    // gemm, fltrust.py:18 DivNoNan
    const std::size_t p26 = products.gemm(v23, v0);
    products.run();
    v26 = products.result(p26);
  }

  void local5() {
    // mul_public, fltrust.py:18
    v28 = mul(v26, v27);
  }

  void graph6() {
    Graph g(connection(), kArithmetic);
    const Arith g29 = g.input(v29);
    // to_yao, fltrust.py:18 RealDiv
    const Yao g30 = g.to_yao(g29, 2);
    // circuit, fltrust.py:18 RealDiv
    const std::vector<Yao> r31 = g.circuit(circuit_any_2, {g30});
    const Yao& g31 = r31[0];
    // from_yao, fltrust.py:18 RealDiv
    const Arith g32 = g.from_yao(g31);
    g.run();
    v32 = g.share(g32);
  }

  void open7(Session& s) {
    // open, fltrust.py:18 RealDiv
    v33 = open(s, v32);
  }

  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_fltrust_0 = load_circuit(CIRCUITS_DIR "/fltrust_0.txt");
  const Circuit circuit_fltrust_1 = load_circuit(CIRCUITS_DIR "/fltrust_1.txt");
  const Circuit circuit_fltrust_2 = load_circuit(CIRCUITS_DIR "/fltrust_2.txt");
  const Circuit circuit_fltrust_3 = load_circuit(CIRCUITS_DIR "/fltrust_3.txt");
  const Circuit circuit_any_2 = load_circuit(CIRCUITS_DIR "/any_2.txt");
  Tensor<Ring> v0;
  Tensor<Ring> v2;
  Tensor<Ring> v5;
  Tensor<Ring> v14;
  Tensor<Ring> v23;
  Tensor<Ring> v24;
  Tensor<Ring> v26;
  Tensor<Ring> v27;
  Tensor<Ring> v28;
  Tensor<Ring> v29;
  Tensor<Ring> v32;
  Tensor<Ring> v33;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new FltrustProgram; }