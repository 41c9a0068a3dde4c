// heavy_hitters, for 30 clients at most, on MOTION2NX.
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

class HeavyHittersProgram final : public ezmotion::Program {
 public:
  explicit HeavyHittersProgram(MOTION::MPCProtocol protocol) : kArithmetic(protocol == MOTION::MPCProtocol::ArithmeticGMW ? Arithmetic::kGmw : Arithmetic::kBeavy) {}

  const char* name() const override { return "heavy_hitters"; }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const Tensors& publics) override {
    n = shares.clients();
    agree(s, publics);
    local1(s, shares);
    graph2();
    local3();
    // To be opened once the counts have been judged
    outputs = {{v3, kExact}, {v14, kExact}};
    return {};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(Session& s, const ClientShares& shares) {
    // share, heavy_hitters.py:17 Reshape
    const Tensor<Ring> v0 = shares.at(0);
    // share, heavy_hitters.py:17 Reshape
    const Tensor<Ring> v1 = shares.at(1);
    // sum, heavy_hitters.py:17 federated_sum
    v2 = sum(v0, {0});
    // sum, heavy_hitters.py:17 federated_sum
    v3 = sum(v1, {0});
    // widen, heavy_hitters.py:17 FloorMod
    const Tensor<Ring> v4 = shift_left(v2, 1);
    // constant, heavy_hitters.py:17 FloorMod
    const Tensor<Ring> v5 = Tensor<Ring>(Shape{}, {1U});
    // add, heavy_hitters.py:17 FloorMod
    const Tensor<Ring> v6 = add(v4, public_share(v5, s.party()));
    // constant, heavy_hitters.py:17 FloorMod
    const Tensor<Ring> v7 = Tensor<Ring>(Shape{1, 1, 1}, {1048576U});
    // mul_public, heavy_hitters.py:17 FloorMod
    v8 = mul(v6, v7);
    // constant, heavy_hitters.py:17 FloorMod
    v12 = Tensor<Ring>(Shape{1, 1, 1}, {2147483647U});
  }

  void graph2() {
    Graph g(connection(), kArithmetic);
    const Arith g8 = g.input(v8);
    // to_yao, heavy_hitters.py:17 FloorMod
    const Yao g9 = g.to_yao(g8, 64);
    // circuit, heavy_hitters.py:17 FloorMod
    const std::vector<Yao> r10 = g.circuit(circuit_heavy_hitters_0, {g9});
    const Yao& g10 = r10[0];
    // from_yao, heavy_hitters.py:17 FloorMod
    const Arith g11 = g.from_yao(g10);
    g.run();
    v11 = g.share(g11);
  }

  void local3() {
    // mul_public, heavy_hitters.py:17 FloorMod
    const Tensor<Ring> v13 = mul(v11, v12);
    // sub, heavy_hitters.py:17 FloorMod
    v14 = sub(v2, v13);
  }

  const Arithmetic kArithmetic;
  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  const Circuit circuit_heavy_hitters_0 = load_circuit(CIRCUITS_DIR "/heavy_hitters_0.txt");
  Tensor<Ring> v2;
  Tensor<Ring> v3;
  Tensor<Ring> v8;
  Tensor<Ring> v11;
  Tensor<Ring> v12;
  Tensor<Ring> v14;
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "heavy_hitters",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
    },
    .outputs = {
        {"opened0", 0},
        {"opened1", 0},
    },
};

std::unique_ptr<ezmotion::Program> make(MOTION::MPCProtocol arithmetic) {
  return std::make_unique<HeavyHittersProgram>(arithmetic);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() { return new HeavyHittersProgram(MOTION::MPCProtocol::ArithmeticGMW); }

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }