// process, for 30 clients at most, on MOTION2NX.
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

class ProcessProgram final : public ezmotion::Program {
 public:
  explicit ProcessProgram(MOTION::MPCProtocol protocol) : kArithmetic(protocol == MOTION::MPCProtocol::ArithmeticGMW ? Arithmetic::kGmw : Arithmetic::kBeavy) {}

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
    outputs = {{v23, kExact}, {v24, kExact}, {v72, 24U}, {v73, 24U}, {v87, kExact}, {v114, 24U}, {v115, 24U}, {v116, 24U}, {v117, 24U}};
    return {v118, v124};
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
    // proved_product, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v25 = shares.at(11);
    // sub, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v26 = sub(v0, v2);
    // reshape, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v27 = reshape(v26, Shape{n, 72});
    // broadcast, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v28 = broadcast_to(v1, Shape{1, 3, 3, 1, 8});
    // reshape, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v29 = reshape(v28, Shape{72, 1});
    // matmul_public, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v30 = matmul(v27, v29);
    // reshape, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v31 = reshape(v30, Shape{n});
    // sub, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v32 = sub(v25, v31);
    // proved_product, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v35 = shares.at(12);
    // sub, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v36 = sub(v6, v8);
    // reshape, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v37 = reshape(v36, Shape{n, 720});
    // broadcast, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v38 = broadcast_to(v7, Shape{1, 72, 10});
    // reshape, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v39 = reshape(v38, Shape{720, 1});
    // matmul_public, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v40 = matmul(v37, v39);
    // reshape, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v41 = reshape(v40, Shape{n});
    // sub, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v42 = sub(v35, v41);
    // proved_product, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v43 = shares.at(13);
    // sub, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v44 = sub(v9, v11);
    // reshape, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v45 = reshape(v44, Shape{n, 10});
    // broadcast, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v46 = broadcast_to(v10, Shape{1, 10});
    // reshape, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v47 = reshape(v46, Shape{10, 1});
    // matmul_public, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v48 = matmul(v45, v47);
    // reshape, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v49 = reshape(v48, Shape{n});
    // sub, keras_fed_avg.py:73 Sum
    const Tensor<Ring> v50 = sub(v43, v49);
    const Tensor<Ring> v51 = reshape(v50, Shape{n, 1});
    const Tensor<Ring> v52 = reshape(v32, Shape{n, 1});
    const Tensor<Ring> v53 = reshape(v42, Shape{n, 1});
    // widen, keras_fed_avg.py:73 Pack
    v54 = shift_left(v52, 4);
    // widen, keras_fed_avg.py:73 Pack
    v55 = shift_left(v53, 6);
    // widen, keras_fed_avg.py:73 Pack
    v56 = shift_left(v51, 2);
    // reshape, keras_fed_avg.py:73 Mul
    v59 = reshape(v12, Shape{n, 1, 1, 1, 1});
    // reshape, keras_fed_avg.py:73 Mul
    v60 = reshape(v12, Shape{n, 1});
    // reshape, keras_fed_avg.py:73 Mul
    v61 = reshape(v12, Shape{n, 1, 1});
    // sum, keras_fed_avg.py:73 federated_sum
    v62 = sum(v12, {0});
    // reshape, keras_fed_avg.py:73 Sub
    v107 = reshape(v2, Shape{n, 72});
    // reshape, keras_fed_avg.py:73 Sub
    v110 = reshape(v8, Shape{n, 720});
    // public, keras_fed_avg.py:73
    v113 = publics.at(4);
  }

  void products2() {
    Products products(connection(), kArithmetic);
    // square_sum_of_shares, keras_fed_avg.py:73 Sum
    const std::size_t p33 = products.square_sum(v5);
    products.run();
    v33 = products.result(p33);
  }

  void local3() {
    const Tensor<Ring> v34 = reshape(v33, Shape{n, 1});
    // concat, keras_fed_avg.py:73 Pack
    const Tensor<Ring> v57 = concat(1, v54, v34, v55, v56);
    // sum, keras_fed_avg.py:73 Sum
    v58 = sum(v57, {1});
  }

  void graph4() {
    Graph g(connection(), kArithmetic);
    const Arith g20 = g.input(v20);
    const Arith g19 = g.input(v19);
    const Arith g22 = g.input(v22);
    const Arith g21 = g.input(v21);
    const Arith g62 = g.input(v62);
    const Arith g58 = g.input(v58);
    const Arith g59 = g.input(v59);
    const Arith g60 = g.input(v60);
    const Arith g61 = g.input(v61);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g63 = g.to_yao(g20, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g64 = g.to_yao(g19, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g65 = g.to_yao(g22, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g66 = g.to_yao(g21, 59);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g67 = g.to_yao(g62, 38);
    // circuit, keras_fed_avg.py:73 DivNoNan
    const std::vector<Yao> r68 = g.circuit(circuit_process_0, {g63, g64, g65, g66, g67});
    const Yao& g68 = r68[0];
    const Yao& g69 = r68[1];
    const Yao& g70 = r68[2];
    const Yao& g71 = r68[3];
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g72 = g.from_yao(g68);
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g73 = g.from_yao(g69);
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g74 = g.from_yao(g71);
    // to_yao, keras_fed_avg.py:73 Sqrt
    const Yao g75 = g.to_yao(g58, 60);
    // circuit, keras_fed_avg.py:73 Sqrt
    const std::vector<Yao> r76 = g.circuit(circuit_process_1, {g75});
    const Yao& g76 = r76[0];
    const Yao& g77 = r76[1];
    const Yao& g78 = r76[2];
    // from_yao, keras_fed_avg.py:73 Cast
    const Arith g79 = g.from_yao(g78);
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g80 = g.move({g77}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1, 1, 1}); });
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g81 = g.move({g77}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g82 = g.move({g77}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1}); });
    // reshape, keras_fed_avg.py:73 StatelessIf
    const Yao g83 = g.move({g76}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1, 1, 1}); });
    // reshape, keras_fed_avg.py:73 StatelessIf
    const Yao g84 = g.move({g76}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape, keras_fed_avg.py:73 StatelessIf
    const Yao g85 = g.move({g76}, [this](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1}); });
    // reshape, keras_fed_avg.py:73 RealDiv
    const Yao g86 = g.move({g70}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // to_yao, keras_fed_avg.py:73 StatelessIf
    const Yao g88 = g.to_yao(g59, 33);
    // circuit, keras_fed_avg.py:73 StatelessIf
    const std::vector<Yao> r89 = g.circuit(circuit_process_2, {g83, g80, g88});
    const Yao& g89 = r89[0];
    // to_yao, keras_fed_avg.py:73 StatelessIf
    const Yao g90 = g.to_yao(g60, 33);
    // circuit, keras_fed_avg.py:73 StatelessIf
    const std::vector<Yao> r91 = g.circuit(circuit_process_3, {g84, g81, g90});
    const Yao& g91 = r91[0];
    // to_yao, keras_fed_avg.py:73 StatelessIf
    const Yao g92 = g.to_yao(g61, 33);
    // circuit, keras_fed_avg.py:73 StatelessIf
    const std::vector<Yao> r93 = g.circuit(circuit_process_4, {g85, g82, g92});
    const Yao& g93 = r93[0];
    // reshape, keras_fed_avg.py:73 federated_sum
    const Yao g94 = g.move({g89}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // reshape, keras_fed_avg.py:73 federated_sum
    const Yao g95 = g.move({g91}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // reshape, keras_fed_avg.py:73 federated_sum
    const Yao g96 = g.move({g93}, [this](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // broadcast, keras_fed_avg.py:73 Sub
    const Yao g97 = g.move({g86}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    // circuit, keras_fed_avg.py:73 Sub
    const std::vector<Yao> r98 = g.circuit(circuit_process_5, {g94, g97, g95, g96});
    const Yao& g98 = r98[0];
    const Yao& g99 = r98[1];
    const Yao& g100 = r98[2];
    const Yao& g101 = r98[3];
    // from_yao, keras_fed_avg.py:73 Sub
    const Arith g102 = g.from_yao(g98);
    // from_yao, keras_fed_avg.py:73 Sub
    const Arith g103 = g.from_yao(g99);
    // from_yao, keras_fed_avg.py:73 Sub
    const Arith g104 = g.from_yao(g100);
    // from_yao, keras_fed_avg.py:73 Sqrt
    const Arith g105 = g.from_yao(g101);
    g.run();
    v72 = g.share(g72);
    v73 = g.share(g73);
    v74 = g.share(g74);
    v79 = g.share(g79);
    v102 = g.share(g102);
    v103 = g.share(g103);
    v104 = g.share(g104);
    v105 = g.share(g105);
  }

  void local5() {
    // sum, keras_fed_avg.py:76 federated_sum
    v87 = sum(v79, {0});
    // sum, keras_fed_avg.py:73 Sqrt
    v106 = sum(v105, {0});
    // sum, keras_fed_avg.py:73 Sqrt
    v119 = sum(v106, {0});
  }

  void products6() {
    Products products(connection(), kArithmetic);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p108 = products.gemm(v102, v107);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p109 = products.gemm(v103, v5);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p111 = products.gemm(v104, v110);
    // gemm, keras_fed_avg.py:73 Sub
    const std::size_t p112 = products.gemm(v103, v11);
    products.run();
    v108 = products.result(p108);
    v109 = products.result(p109);
    v111 = products.result(p111);
    v112 = products.result(p112);
  }

  void local7() {
    // mul_public, keras_fed_avg.py:73
    v114 = mul(v108, v113);
    // mul_public, keras_fed_avg.py:73
    v115 = mul(v109, v113);
    // mul_public, keras_fed_avg.py:73
    v116 = mul(v111, v113);
    // mul_public, keras_fed_avg.py:73
    v117 = mul(v112, v113);
  }

  void graph8() {
    Graph g(connection(), kArithmetic);
    const Arith g74 = g.input(v74);
    const Arith g119 = g.input(v119);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g120 = g.to_yao(g74, 1);
    // to_yao, keras_fed_avg.py:73 DivNoNan
    const Yao g121 = g.to_yao(g119, 5);
    // circuit, keras_fed_avg.py:73 DivNoNan
    const std::vector<Yao> r122 = g.circuit(circuit_any_1_unless_5, {g120, g121});
    const Yao& g122 = r122[0];
    // from_yao, keras_fed_avg.py:73 DivNoNan
    const Arith g123 = g.from_yao(g122);
    g.run();
    v123 = g.share(g123);
  }

  void open9(Session& s) {
    // open, keras_fed_avg.py:73 Sqrt
    v118 = open(s, v106);
    // open, keras_fed_avg.py:73 DivNoNan
    v124 = open(s, v123);
  }

  const Arithmetic kArithmetic;
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
  Tensor<Ring> v33;
  Tensor<Ring> v54;
  Tensor<Ring> v55;
  Tensor<Ring> v56;
  Tensor<Ring> v58;
  Tensor<Ring> v59;
  Tensor<Ring> v60;
  Tensor<Ring> v61;
  Tensor<Ring> v62;
  Tensor<Ring> v72;
  Tensor<Ring> v73;
  Tensor<Ring> v74;
  Tensor<Ring> v79;
  Tensor<Ring> v87;
  Tensor<Ring> v102;
  Tensor<Ring> v103;
  Tensor<Ring> v104;
  Tensor<Ring> v105;
  Tensor<Ring> v106;
  Tensor<Ring> v107;
  Tensor<Ring> v108;
  Tensor<Ring> v109;
  Tensor<Ring> v110;
  Tensor<Ring> v111;
  Tensor<Ring> v112;
  Tensor<Ring> v113;
  Tensor<Ring> v114;
  Tensor<Ring> v115;
  Tensor<Ring> v116;
  Tensor<Ring> v117;
  Tensor<Ring> v118;
  Tensor<Ring> v119;
  Tensor<Ring> v123;
  Tensor<Ring> v124;
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "process",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
        {"Sqrt at keras_fed_avg.py:73 (|x| <= 1.02e+03) is not finite for its values, or beyond the range that the program was compiled for", "Sqrt at keras_fed_avg.py:73 (|x| <= 1.02e+03): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
        {"", "DivNoNan (|x| <= 3.28e+04) at /work/w/solo/examples/keras_fed_avg.py:73 (DivNoNan): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 0},
        {"opened1", 0},
        {"opened2", 47},
        {"opened3", 47},
        {"opened4", 0},
        {"opened5", 40},
        {"opened6", 43},
        {"opened7", 39},
        {"opened8", 42},
    },
};

std::unique_ptr<ezmotion::Program> make(MOTION::MPCProtocol arithmetic) {
  return std::make_unique<ProcessProgram>(arithmetic);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() { return new ProcessProgram(MOTION::MPCProtocol::ArithmeticGMW); }

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }