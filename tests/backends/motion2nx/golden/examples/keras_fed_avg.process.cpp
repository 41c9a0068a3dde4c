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

  std::vector<Tensor<Ring>> online(Session& s, const Tensors& shares,
                                   const Tensors& publics) override {
    n = shares.at(0).shape.at(0);
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
    outputs = {{v23, kExact}, {v24, kExact}, {v50, 24U}, {v51, 24U}, {v65, kExact}, {v92, 24U}, {v93, 24U}, {v94, 24U}, {v95, 24U}};
    return {v96, v102};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(Session& s, const Tensors& shares, const Tensors& publics) {
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
    v37 = reshape(v12, Shape{n, 1, 1, 1, 1});
    // reshape, keras_fed_avg.py:73 Mul
    v38 = reshape(v12, Shape{n, 1});
    // reshape, keras_fed_avg.py:73 Mul
    v39 = reshape(v12, Shape{n, 1, 1});
    // sum, keras_fed_avg.py:73 federated_sum
    v40 = sum(v12, {0});
    // reshape, keras_fed_avg.py:73 Sub
    v85 = reshape(v2, Shape{n, 72});
    // reshape, keras_fed_avg.py:73 Sub
    v88 = reshape(v8, Shape{n, 720});
    // public, keras_fed_avg.py:73
    v91 = publics.at(4);
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
    // concat, keras_fed_avg.py:73 Pack
    const Tensor<Ring> v35 = concat(1, v33, v28, v34, v32);
    // sum, keras_fed_avg.py:73 Sum
    v36 = sum(v35, {1});
  }

  void graph4() {
    Graph g(connection(), kArithmetic);
    const Arith g20 = g.input(v20);
    const Arith g19 = g.input(v19);
    const Arith g22 = g.input(v22);
    const Arith g21 = g.input(v21);
    const Arith g40 = g.input(v40);
    const Arith g36 = g.input(v36);
    const Arith g37 = g.input(v37);
    const Arith g38 = g.input(v38);
    const Arith g39 = g.input(v39);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g41 = g.to_yao(g20, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g42 = g.to_yao(g19, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g43 = g.to_yao(g22, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g44 = g.to_yao(g21, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g45 = g.to_yao(g40, 38);
    // circuit, keras_fed_avg.py:73 DivNoNan
    const std::vector<Yao> r46 = g.circuit(circuit_process_0, {g41, g42, g43, g44, g45});
    const Yao& g46 = r46[0];
    const Yao& g47 = r46[1];
    const Yao& g48 = r46[2];
    const Yao& g49 = r46[3];
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g50 = g.from_yao(g46);
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g51 = g.from_yao(g47);
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g52 = g.from_yao(g49);
    // to_yao, keras_fed_avg.py:73 Sqrt
    const Yao g53 = g.to_yao(g36, 58);
    // circuit, keras_fed_avg.py:73 Sqrt
    const std::vector<Yao> r54 = g.circuit(circuit_process_1, {g53});
    const Yao& g54 = r54[0];
    const Yao& g55 = r54[1];
    const Yao& g56 = r54[2];
    // from_yao, keras_fed_avg.py:73 Cast
    const Arith g57 = g.from_yao(g56);
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g58 = g.move({g55}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1, 1, 1}); });
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g59 = g.move({g55}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g60 = g.move({g55}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1}); });
    // reshape, keras_fed_avg.py:73 StatelessIf
    const Yao g61 = g.move({g54}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1, 1, 1}); });
    // reshape, keras_fed_avg.py:73 StatelessIf
    const Yao g62 = g.move({g54}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape, keras_fed_avg.py:73 StatelessIf
    const Yao g63 = g.move({g54}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1}); });
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g64 = g.move({g48}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // to_yao, keras_fed_avg.py:73 StatelessIf
    const Yao g66 = g.to_yao(g37, 33);
    // circuit, keras_fed_avg.py:73 StatelessIf
    const std::vector<Yao> r67 = g.circuit(circuit_process_2, {g61, g58, g66});
    const Yao& g67 = r67[0];
    // to_yao, keras_fed_avg.py:73 StatelessIf
    const Yao g68 = g.to_yao(g38, 33);
    // circuit, keras_fed_avg.py:73 StatelessIf
    const std::vector<Yao> r69 = g.circuit(circuit_process_3, {g62, g59, g68});
    const Yao& g69 = r69[0];
    // to_yao, keras_fed_avg.py:73 StatelessIf
    const Yao g70 = g.to_yao(g39, 33);
    // circuit, keras_fed_avg.py:73 StatelessIf
    const std::vector<Yao> r71 = g.circuit(circuit_process_4, {g63, g60, g70});
    const Yao& g71 = r71[0];
    // reshape, keras_fed_avg.py:73 federated_sum
    const Yao g72 = g.move({g67}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // reshape, keras_fed_avg.py:73 federated_sum
    const Yao g73 = g.move({g69}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // reshape, keras_fed_avg.py:73 federated_sum
    const Yao g74 = g.move({g71}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // broadcast, keras_fed_avg.py:73 Sub
    const Yao g75 = g.move({g64}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    // circuit, keras_fed_avg.py:73 Sub
    const std::vector<Yao> r76 = g.circuit(circuit_process_5, {g72, g75, g73, g74});
    const Yao& g76 = r76[0];
    const Yao& g77 = r76[1];
    const Yao& g78 = r76[2];
    const Yao& g79 = r76[3];
    // from_yao, keras_fed_avg.py:73 Sub
    const Arith g80 = g.from_yao(g76);
    // from_yao, keras_fed_avg.py:73 Sub
    const Arith g81 = g.from_yao(g77);
    // from_yao, keras_fed_avg.py:73 Sub
    const Arith g82 = g.from_yao(g78);
    // from_yao, keras_fed_avg.py:73 Sqrt
    const Arith g83 = g.from_yao(g79);
    g.run();
    v50 = g.share(g50);
    v51 = g.share(g51);
    v52 = g.share(g52);
    v57 = g.share(g57);
    v80 = g.share(g80);
    v81 = g.share(g81);
    v82 = g.share(g82);
    v83 = g.share(g83);
  }

  void local5() {
    // sum, keras_fed_avg.py:76 federated_sum
    v65 = sum(v57, {0});
    // sum, keras_fed_avg.py:73 Sqrt
    v84 = sum(v83, {0});
    // sum, keras_fed_avg.py:73 Sqrt
    v97 = sum(v84, {0});
  }

  void products6() {
    Products products(connection(), kArithmetic);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p86 = products.gemm(v80, v85);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p87 = products.gemm(v81, v5);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p89 = products.gemm(v82, v88);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p90 = products.gemm(v81, v11);
    products.run();
    v86 = products.result(p86);
    v87 = products.result(p87);
    v89 = products.result(p89);
    v90 = products.result(p90);
  }

  void local7() {
    // mul_public, keras_fed_avg.py:73
    v92 = mul(v86, v91);
    // mul_public, keras_fed_avg.py:73
    v93 = mul(v87, v91);
    // mul_public, keras_fed_avg.py:73
    v94 = mul(v89, v91);
    // mul_public, keras_fed_avg.py:73
    v95 = mul(v90, v91);
  }

  void graph8() {
    Graph g(connection(), kArithmetic);
    const Arith g52 = g.input(v52);
    const Arith g97 = g.input(v97);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g98 = g.to_yao(g52, 1);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g99 = g.to_yao(g97, 5);
    // circuit, keras_fed_avg.py:73 DivNoNan
    const std::vector<Yao> r100 = g.circuit(circuit_any_1_unless_5, {g98, g99});
    const Yao& g100 = r100[0];
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g101 = g.from_yao(g100);
    g.run();
    v101 = g.share(g101);
  }

  void open9(Session& s) {
    // open, keras_fed_avg.py:73 Sqrt
    v96 = open(s, v84);
    // open, keras_fed_avg.py:73 DivNoNan
    v102 = open(s, v101);
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
  Tensor<Ring> v36;
  Tensor<Ring> v37;
  Tensor<Ring> v38;
  Tensor<Ring> v39;
  Tensor<Ring> v40;
  Tensor<Ring> v50;
  Tensor<Ring> v51;
  Tensor<Ring> v52;
  Tensor<Ring> v57;
  Tensor<Ring> v65;
  Tensor<Ring> v80;
  Tensor<Ring> v81;
  Tensor<Ring> v82;
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
  Tensor<Ring> v101;
  Tensor<Ring> v102;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new ProcessProgram; }