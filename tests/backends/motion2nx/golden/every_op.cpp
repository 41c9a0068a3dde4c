// every_op, for 6 clients at most, on MOTION2NX.
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

class EveryOpProgram final : public ezmotion::Program {
 public:
  explicit EveryOpProgram(MOTION::MPCProtocol protocol) : kArithmetic(protocol == MOTION::MPCProtocol::ArithmeticGMW ? Arithmetic::kGmw : Arithmetic::kBeavy) {}

  const char* name() const override { return "every_op"; }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const Tensors& publics) override {
    n = shares.clients();
    agree(s, publics);
    local1(s, shares, publics);
    products2();
    local3();
    graph4();
    local5();
    open6(s);
    // To be opened once the counts have been judged
    outputs = {{v51, kExact}, {v52, kExact}, {v53, kExact}, {v55, kExact}, {v57, kExact}, {v19, kExact}, {v29, kExact}, {v31, kExact}, {v58, kExact}, {v59, kExact}, {v62, kExact}, {v6, kPublic}};
    return {v74, v75};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(Session& s, const ClientShares& shares, const Tensors& publics) {
    // share, user.py:3 Input
    v0 = shares.at(0);
    // share, user.py:3 Input
    const Tensor<Ring> v1 = shares.at(1);
    // public, user.py:3 Input
    const Tensor<Ring> v2 = publics.at(0);
    // constant, user.py:5 Linear
    const Tensor<Ring> v3 = Tensor<Ring>(Shape{4}, {1U, 2U, 18446744073709551613U, 4U});
    // add, user.py:5 Linear
    const Tensor<Ring> v4 = add(v2, v3);
    // neg, user.py:5 Linear
    const Tensor<Ring> v5 = neg(v3);
    // sub, user.py:5 Linear
    v6 = sub(v4, v5);
    // sub, user.py:5 Linear
    const Tensor<Ring> v7 = sub(public_share(v6, s.party()), v0);
    // neg, user.py:5 Linear
    const Tensor<Ring> v8 = neg(v0);
    // add, user.py:5 Linear
    const Tensor<Ring> v9 = add(v7, v8);
    // sub, user.py:5 Linear
    const Tensor<Ring> v10 = sub(v9, public_share(v3, s.party()));
    // as_shares, user.py:5 Linear
    const Tensor<Ring> v11 = public_share(v6, s.party());
    // widen, user.py:5 Linear
    const Tensor<Ring> v12 = shift_left(v11, 0);
    // add, user.py:5 Linear
    const Tensor<Ring> v13 = add(v10, v12);
    // mul_public, user.py:5 Linear
    const Tensor<Ring> v14 = mul(v13, v2);
    // reshape, user.py:5 Linear
    const Tensor<Ring> v15 = reshape(v2, Shape{4, 1});
    // matmul_public, user.py:5 Linear
    const Tensor<Ring> v16 = matmul(v0, v15);
    // reshape, user.py:7 Product
    v18 = reshape(v1, Shape{1, n});
    // transpose, user.py:7 Product
    const Tensor<Ring> v20 = transpose(v0, {1, 0});
    // concat, user.py:7 Product
    const Tensor<Ring> v21 = concat(0, v20, v20);
    // take, user.py:7 Product
    const Tensor<Ring> v22 = take(v21, 0, {5, 0, 6, 5, 3, 2, 4, 1});
    // slice, user.py:7 Product
    const Tensor<Ring> v23 = slice(v22, {6, 0}, Shape{3, n}, {-2, 1});
    // reshape, user.py:7 Product
    const Tensor<Ring> v24 = reshape(v18, Shape{1, 1, n});
    // broadcast, user.py:7 Product
    v25 = broadcast_to(v24, Shape{2, 1, n});
    // transpose, user.py:7 Product
    const Tensor<Ring> v26 = transpose(v23, {1, 0});
    // reshape, user.py:7 Product
    const Tensor<Ring> v27 = reshape(v26, Shape{1, n, 3});
    // broadcast, user.py:7 Product
    v28 = broadcast_to(v27, Shape{2, n, 3});
    // reshape, user.py:7 Product
    v30 = reshape(v1, Shape{1, n});
    // as_shares, user.py:9 Relu
    v34 = public_share(v2, s.party());
    // sum, user.py:11 Sum
    v51 = sum(v14, {0});
    // sum, user.py:11 Sum
    v52 = sum(v16, {0, 1});
    // proved_product, user.py:11 Sum
    const Tensor<Ring> v54 = shares.at(2);
    // sum, user.py:11 Sum
    v55 = sum(v54, {0});
    // proved_product, user.py:11 Sum
    const Tensor<Ring> v56 = shares.at(3);
    // sum, user.py:11 Sum
    v57 = sum(v56, {0});
  }

  void products2() {
    Products products(connection(), kArithmetic);
    // square_sum_of_shares, user.py:7 Product
    const std::size_t p17 = products.square_sum(v0);
    // gemm, user.py:7 Product
    const std::size_t p19 = products.gemm(v18, v0);
    // gemm, user.py:7 Product
    const std::size_t p29 = products.gemm(v25, v28);
    // gemm, user.py:7 Product
    const std::size_t p31 = products.gemm(v30, v0);
    // square_sum_of_shares, user.py:7 Product
    const std::size_t p32 = products.square_sum(v0);
    products.run();
    v17 = products.result(p17);
    v19 = products.result(p19);
    v29 = products.result(p29);
    v31 = products.result(p31);
    v32 = products.result(p32);
  }

  void local3() {
    // sum, user.py:11 Sum
    v53 = sum(v17, {0});
    // sum, user.py:11 Sum
    v58 = sum(v32, {0});
  }

  void graph4() {
    Graph g(connection(), kArithmetic);
    const Arith g0 = g.input(v0);
    const Arith g34 = g.input(v34);
    const Arith g19 = g.input(v19);
    // to_yao, user.py:9 Relu
    const Yao g33 = g.to_yao(g0, 20);
    // to_yao, user.py:9 Relu
    const Yao g35 = g.to_yao(g34, 20);
    // broadcast, user.py:9 Relu
    const Yao g36 = g.move({g35}, [this](const Tensors& x) { return broadcast_to(x[0], Shape{n, 4}); });
    // circuit, user.py:9 Relu
    const std::vector<Yao> r37 = g.circuit(circuit_relu, {g33});
    const Yao& g37 = r37[0];
    const Yao& g38 = r37[1];
    // slice, user.py:9 Relu
    const Yao g39 = g.move({g37}, [this](const Tensors& x) { return slice(x[0], {0, 3}, Shape{n, 4}, {1, -1}); });
    // circuit, user.py:9 Relu
    const std::vector<Yao> r40 = g.circuit(circuit_max, {g39, g36, g38});
    const Yao& g40 = r40[0];
    const Yao& g41 = r40[1];
    // transpose, user.py:9 Relu
    const Yao g42 = g.move({g40}, [](const Tensors& x) { return transpose(x[0], {1, 0}); });
    // concat, user.py:9 Relu
    const Yao g43 = g.move({g42, g42}, [](const Tensors& x) { return concat(0, x[0], x[0]); });
    // take, user.py:9 Relu
    const Yao g44 = g.move({g43}, [](const Tensors& x) { return take(x[0], 0, {7, 2, 0, 2}); });
    // from_yao, user.py:9 Relu
    const Arith g45 = g.from_yao(g44);
    // from_yao, user.py:9 Relu
    const Arith g46 = g.from_yao(g41);
    // to_yao, user.py:11 Sum
    const Yao g60 = g.to_yao(g19, 64);
    // circuit, user.py:11 Sum
    const std::vector<Yao> r61 = g.circuit(circuit_drop5, {g60});
    const Yao& g61 = r61[0];
    // from_yao, user.py:11 Sum
    const Arith g62 = g.from_yao(g61);
    g.run();
    v45 = g.share(g45);
    v46 = g.share(g46);
    v62 = g.share(g62);
  }

  void local5() {
    // slice, user.py:9 Relu
    const Tensor<Ring> v47 = slice(v46, {0, 0}, Shape{n, 1}, {1, 1});
    // reshape, user.py:9 Relu
    v48 = reshape(v47, Shape{n});
    // slice, user.py:9 Relu
    const Tensor<Ring> v49 = slice(v46, {0, 1}, Shape{n, 3}, {1, 1});
    // sum, user.py:9 Relu
    v50 = sum(v49, {0, 1});
    // sum, user.py:11 Sum
    v59 = sum(v45, {1});
  }

  void open6(Session& s) {
    // open, user.py:13 RealDiv
    v74 = open(s, v48);
    // open, user.py:13 RealDiv
    v75 = open(s, v50);
  }

  const Arithmetic kArithmetic;
  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_relu = load_circuit(CIRCUITS_DIR "/relu.txt");
  const Circuit circuit_max = load_circuit(CIRCUITS_DIR "/max.txt");
  const Circuit circuit_drop5 = load_circuit(CIRCUITS_DIR "/drop5.txt");
  Tensor<Ring> v0;
  Tensor<Ring> v6;
  Tensor<Ring> v17;
  Tensor<Ring> v18;
  Tensor<Ring> v19;
  Tensor<Ring> v25;
  Tensor<Ring> v28;
  Tensor<Ring> v29;
  Tensor<Ring> v30;
  Tensor<Ring> v31;
  Tensor<Ring> v32;
  Tensor<Ring> v34;
  Tensor<Ring> v45;
  Tensor<Ring> v46;
  Tensor<Ring> v48;
  Tensor<Ring> v50;
  Tensor<Ring> v51;
  Tensor<Ring> v52;
  Tensor<Ring> v53;
  Tensor<Ring> v55;
  Tensor<Ring> v57;
  Tensor<Ring> v58;
  Tensor<Ring> v59;
  Tensor<Ring> v62;
  Tensor<Ring> v74;
  Tensor<Ring> v75;
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "every_op",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 6,
    .exact = false,
    .drops = true,
    .checks = {
        {"root is not finite for its values, or beyond the range that the program was compiled for", "root: the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
        {"", "division at user.py:13 (RealDiv): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"scaled", 16},
        {"dots", 16},
        {"squares", 16},
        {"proved_squares", 16},
        {"proved_parts", 16},
        {"weighted", 16},
        {"batched", 16},
        {"unmasked", 16},
        {"unmasked_squares", 16},
        {"relu", 8},
        {"truncated", 11},
        {"public", 8},
    },
};

std::unique_ptr<ezmotion::Program> make(MOTION::MPCProtocol arithmetic) {
  return std::make_unique<EveryOpProgram>(arithmetic);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() { return new EveryOpProgram(MOTION::MPCProtocol::ArithmeticGMW); }

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }