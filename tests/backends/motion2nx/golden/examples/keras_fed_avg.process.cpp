// process, for 30 clients at most, on MOTION2NX.
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

class ProcessProgram final : public ezmotion::Program {
 public:
  const char* name() const override { return "process"; }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const Tensors& publics) override {
    n = shares.clients();
    agree(s, publics);
    local1(s, shares, publics);
    products2();
    local3();
    graph4();
    local5();
    products6();
    local7();
    graph8();
    open9(s);
    // To be opened once the counts have been judged
    outputs = {{v23, kExact}, {v24, kExact}, {v53, 24U}, {v54, 24U}, {v68, kExact}, {v95, 24U}, {v96, 24U}, {v97, 24U}, {v98, 24U}};
    return {v99, v105};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(Session& s, const ClientShares& shares, const Tensors& publics) {
    // share, keras_fed_avg.py:73 ReadVariableOp
    const Tensor<Ring> v0 = shares.at(0);
    // public, keras_fed_avg.py:73
    const Tensor<Ring> v1 = publics.at(0);
    // sub, keras_fed_avg.py:73 Sub
    const Tensor<Ring> v2 = sub(public_share(v1, s.party()), v0);
    // share, keras_fed_avg.py:73 ReadVariableOp
    const Tensor<Ring> v3 = shares.at(1);
    // public, keras_fed_avg.py:73
    const Tensor<Ring> v4 = publics.at(1);
    // sub, keras_fed_avg.py:73 Sub
    v5 = sub(public_share(v4, s.party()), v3);
    // share, keras_fed_avg.py:73 ReadVariableOp
    const Tensor<Ring> v6 = shares.at(2);
    // public, keras_fed_avg.py:73
    const Tensor<Ring> v7 = publics.at(2);
    // sub, keras_fed_avg.py:73 Sub
    const Tensor<Ring> v8 = sub(public_share(v7, s.party()), v6);
    // share, keras_fed_avg.py:73 ReadVariableOp
    const Tensor<Ring> v9 = shares.at(3);
    // public, keras_fed_avg.py:73
    const Tensor<Ring> v10 = publics.at(3);
    // sub, keras_fed_avg.py:73 Sub
    v11 = sub(public_share(v10, s.party()), v9);
    // share, keras_fed_avg.py:73 ReduceDataset
    const Tensor<Ring> v12 = shares.at(4);
    // share, keras_fed_avg.py:73 ReadVariableOp
    const Tensor<Ring> v13 = shares.at(5);
    // share, keras_fed_avg.py:73 ReadVariableOp
    const Tensor<Ring> v14 = shares.at(6);
    // share, keras_fed_avg.py:73 ReadVariableOp
    const Tensor<Ring> v15 = shares.at(7);
    // share, keras_fed_avg.py:73 ReadVariableOp
    const Tensor<Ring> v16 = shares.at(8);
    // share, keras_fed_avg.py:73 ReadVariableOp
    const Tensor<Ring> v17 = shares.at(9);
    // share, keras_fed_avg.py:73 ReadVariableOp
    const Tensor<Ring> v18 = shares.at(10);
    // sum, keras_fed_avg.py:73 federated_sum
    v19 = sum(v13, {0});
    // sum, keras_fed_avg.py:73 federated_sum
    v20 = sum(v14, {0});
    // sum, keras_fed_avg.py:73 federated_sum
    v21 = sum(v15, {0});
    // sum, keras_fed_avg.py:73 federated_sum
    v22 = sum(v16, {0});
    // sum, keras_fed_avg.py:73 federated_sum
    v23 = sum(v17, {0});
    // sum, keras_fed_avg.py:73 federated_sum
    v24 = sum(v18, {0});
    // reshape, keras_fed_avg.py:73 Sum
    v25 = reshape(v2, Shape{n, 72});
    // reshape, keras_fed_avg.py:73 Sum
    v29 = reshape(v8, Shape{n, 720});
    // reshape, keras_fed_avg.py:73 Mul
    v40 = reshape(v12, Shape{n, 1, 1, 1, 1});
    // reshape, keras_fed_avg.py:73 Mul
    v41 = reshape(v12, Shape{n, 1});
    // reshape, keras_fed_avg.py:73 Mul
    v42 = reshape(v12, Shape{n, 1, 1});
    // sum, keras_fed_avg.py:73 federated_sum
    v43 = sum(v12, {0});
    // reshape, keras_fed_avg.py:73 Sub
    v88 = reshape(v2, Shape{n, 72});
    // reshape, keras_fed_avg.py:73 Sub
    v91 = reshape(v8, Shape{n, 720});
    // public, keras_fed_avg.py:73
    v94 = publics.at(4);
  }

  void products2() {
    Products products(connection(), kArithmetic);
    // square_sum_of_shares, keras_fed_avg.py:73 Sum
    const std::size_t p26 = products.square_sum(v25);
    // square_sum_of_shares, keras_fed_avg.py:73 Sum
    const std::size_t p27 = products.square_sum(v5);
    // square_sum_of_shares, keras_fed_avg.py:73 Sum
    const std::size_t p30 = products.square_sum(v29);
    // square_sum_of_shares, keras_fed_avg.py:73 Sum
    const std::size_t p31 = products.square_sum(v11);
    products.run();
    v26 = products.result(p26);
    v27 = products.result(p27);
    v30 = products.result(p30);
    v31 = products.result(p31);
  }

  void local3() {
    const Tensor<Ring> v28 = reshape(v27, Shape{n, 1});
    const Tensor<Ring> v32 = reshape(v31, Shape{n, 1});
    const Tensor<Ring> v33 = reshape(v26, Shape{n, 1});
    const Tensor<Ring> v34 = reshape(v30, Shape{n, 1});
    // widen, keras_fed_avg.py:73 Pack
    const Tensor<Ring> v35 = shift_left(v33, 4);
    // widen, keras_fed_avg.py:73 Pack
    const Tensor<Ring> v36 = shift_left(v34, 6);
    // widen, keras_fed_avg.py:73 Pack
    const Tensor<Ring> v37 = shift_left(v32, 2);
    // concat, keras_fed_avg.py:73 Pack
    const Tensor<Ring> v38 = concat(1, v35, v28, v36, v37);
    // sum, keras_fed_avg.py:73 Sum
    v39 = sum(v38, {1});
  }

  void graph4() {
    Graph g(connection(), kArithmetic);
    const Arith g20 = g.input(v20);
    const Arith g19 = g.input(v19);
    const Arith g22 = g.input(v22);
    const Arith g21 = g.input(v21);
    const Arith g43 = g.input(v43);
    const Arith g39 = g.input(v39);
    const Arith g40 = g.input(v40);
    const Arith g41 = g.input(v41);
    const Arith g42 = g.input(v42);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g44 = g.to_yao(g20, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g45 = g.to_yao(g19, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g46 = g.to_yao(g22, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g47 = g.to_yao(g21, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g48 = g.to_yao(g43, 38);
    // circuit, keras_fed_avg.py:73 DivNoNan
    const std::vector<Yao> r49 = g.circuit(circuit_process_0, {g44, g45, g46, g47, g48});
    const Yao& g49 = r49[0];
    const Yao& g50 = r49[1];
    const Yao& g51 = r49[2];
    const Yao& g52 = r49[3];
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g53 = g.from_yao(g49);
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g54 = g.from_yao(g50);
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g55 = g.from_yao(g52);
    // to_yao, keras_fed_avg.py:73 Sqrt
    const Yao g56 = g.to_yao(g39, 59);
    // circuit, keras_fed_avg.py:73 Sqrt
    const std::vector<Yao> r57 = g.circuit(circuit_process_1, {g56});
    const Yao& g57 = r57[0];
    const Yao& g58 = r57[1];
    const Yao& g59 = r57[2];
    // from_yao, keras_fed_avg.py:73 Cast
    const Arith g60 = g.from_yao(g59);
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g61 = g.move({g58}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1, 1, 1}); });
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g62 = g.move({g58}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g63 = g.move({g58}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1}); });
    // reshape, keras_fed_avg.py:73 StatelessIf
    const Yao g64 = g.move({g57}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1, 1, 1}); });
    // reshape, keras_fed_avg.py:73 StatelessIf
    const Yao g65 = g.move({g57}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape, keras_fed_avg.py:73 StatelessIf
    const Yao g66 = g.move({g57}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1}); });
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g67 = g.move({g51}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // to_yao, keras_fed_avg.py:73 StatelessIf
    const Yao g69 = g.to_yao(g40, 33);
    // circuit, keras_fed_avg.py:73 StatelessIf
    const std::vector<Yao> r70 = g.circuit(circuit_process_2, {g64, g61, g69});
    const Yao& g70 = r70[0];
    // to_yao, keras_fed_avg.py:73 StatelessIf
    const Yao g71 = g.to_yao(g41, 33);
    // circuit, keras_fed_avg.py:73 StatelessIf
    const std::vector<Yao> r72 = g.circuit(circuit_process_3, {g65, g62, g71});
    const Yao& g72 = r72[0];
    // to_yao, keras_fed_avg.py:73 StatelessIf
    const Yao g73 = g.to_yao(g42, 33);
    // circuit, keras_fed_avg.py:73 StatelessIf
    const std::vector<Yao> r74 = g.circuit(circuit_process_4, {g66, g63, g73});
    const Yao& g74 = r74[0];
    // reshape, keras_fed_avg.py:73 federated_sum
    const Yao g75 = g.move({g70}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // reshape, keras_fed_avg.py:73 federated_sum
    const Yao g76 = g.move({g72}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // reshape, keras_fed_avg.py:73 federated_sum
    const Yao g77 = g.move({g74}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // broadcast, keras_fed_avg.py:73 Sub
    const Yao g78 = g.move({g67}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    // circuit, keras_fed_avg.py:73 Sub
    const std::vector<Yao> r79 = g.circuit(circuit_process_5, {g75, g78, g76, g77});
    const Yao& g79 = r79[0];
    const Yao& g80 = r79[1];
    const Yao& g81 = r79[2];
    const Yao& g82 = r79[3];
    // from_yao, keras_fed_avg.py:73 Sub
    const Arith g83 = g.from_yao(g79);
    // from_yao, keras_fed_avg.py:73 Sub
    const Arith g84 = g.from_yao(g80);
    // from_yao, keras_fed_avg.py:73 Sub
    const Arith g85 = g.from_yao(g81);
    // from_yao, keras_fed_avg.py:73 Sqrt
    const Arith g86 = g.from_yao(g82);
    g.run();
    v53 = g.share(g53);
    v54 = g.share(g54);
    v55 = g.share(g55);
    v60 = g.share(g60);
    v83 = g.share(g83);
    v84 = g.share(g84);
    v85 = g.share(g85);
    v86 = g.share(g86);
  }

  void local5() {
    // sum, keras_fed_avg.py:76 federated_sum
    v68 = sum(v60, {0});
    // sum, keras_fed_avg.py:73 Sqrt
    v87 = sum(v86, {0});
    // sum, keras_fed_avg.py:73 Sqrt
    v100 = sum(v87, {0});
  }

  void products6() {
    Products products(connection(), kArithmetic);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p89 = products.gemm(v83, v88);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p90 = products.gemm(v84, v5);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p92 = products.gemm(v85, v91);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p93 = products.gemm(v84, v11);
    products.run();
    v89 = products.result(p89);
    v90 = products.result(p90);
    v92 = products.result(p92);
    v93 = products.result(p93);
  }

  void local7() {
    // mul_public, keras_fed_avg.py:73
    v95 = mul(v89, v94);
    // mul_public, keras_fed_avg.py:73
    v96 = mul(v90, v94);
    // mul_public, keras_fed_avg.py:73
    v97 = mul(v92, v94);
    // mul_public, keras_fed_avg.py:73
    v98 = mul(v93, v94);
  }

  void graph8() {
    Graph g(connection(), kArithmetic);
    const Arith g55 = g.input(v55);
    const Arith g100 = g.input(v100);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g101 = g.to_yao(g55, 1);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g102 = g.to_yao(g100, 5);
    // circuit, keras_fed_avg.py:73 DivNoNan
    const std::vector<Yao> r103 = g.circuit(circuit_any_1_unless_5, {g101, g102});
    const Yao& g103 = r103[0];
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g104 = g.from_yao(g103);
    g.run();
    v104 = g.share(g104);
  }

  void open9(Session& s) {
    // open, keras_fed_avg.py:73 Sqrt
    v99 = open(s, v87);
    // open, keras_fed_avg.py:73 DivNoNan
    v105 = open(s, v104);
  }

  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_process_0 = load_circuit(CIRCUITS_DIR "/process_0.txt");
  const Circuit circuit_process_1 = load_circuit(CIRCUITS_DIR "/process_1.txt");
  const Circuit circuit_process_2 = load_circuit(CIRCUITS_DIR "/process_2.txt");
  const Circuit circuit_process_3 = load_circuit(CIRCUITS_DIR "/process_3.txt");
  const Circuit circuit_process_4 = load_circuit(CIRCUITS_DIR "/process_4.txt");
  const Circuit circuit_process_5 = load_circuit(CIRCUITS_DIR "/process_5.txt");
  const Circuit circuit_any_1_unless_5 = load_circuit(CIRCUITS_DIR "/any_1_unless_5.txt");
  Tensor<Ring> v5;
  Tensor<Ring> v11;
  Tensor<Ring> v19;
  Tensor<Ring> v20;
  Tensor<Ring> v21;
  Tensor<Ring> v22;
  Tensor<Ring> v23;
  Tensor<Ring> v24;
  Tensor<Ring> v25;
  Tensor<Ring> v26;
  Tensor<Ring> v27;
  Tensor<Ring> v29;
  Tensor<Ring> v30;
  Tensor<Ring> v31;
  Tensor<Ring> v39;
  Tensor<Ring> v40;
  Tensor<Ring> v41;
  Tensor<Ring> v42;
  Tensor<Ring> v43;
  Tensor<Ring> v53;
  Tensor<Ring> v54;
  Tensor<Ring> v55;
  Tensor<Ring> v60;
  Tensor<Ring> v68;
  Tensor<Ring> v83;
  Tensor<Ring> v84;
  Tensor<Ring> v85;
  Tensor<Ring> v86;
  Tensor<Ring> v87;
  Tensor<Ring> v88;
  Tensor<Ring> v89;
  Tensor<Ring> v90;
  Tensor<Ring> v91;
  Tensor<Ring> v92;
  Tensor<Ring> v93;
  Tensor<Ring> v94;
  Tensor<Ring> v95;
  Tensor<Ring> v96;
  Tensor<Ring> v97;
  Tensor<Ring> v98;
  Tensor<Ring> v99;
  Tensor<Ring> v100;
  Tensor<Ring> v104;
  Tensor<Ring> v105;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new ProcessProgram; }