// clipped_mean, for 30 clients at most, on MOTION2NX.
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

class ClippedMeanProgram final : public ezmotion::Program {
 public:
  explicit ClippedMeanProgram(MOTION::MPCProtocol protocol) : kArithmetic(protocol == MOTION::MPCProtocol::ArithmeticGMW ? Arithmetic::kGmw : Arithmetic::kBeavy) {}

  const char* name() const override { return "clipped_mean"; }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const Tensors& publics) override {
    n = shares.clients();
    agree(s, publics);
    local1(shares);
    // To be opened once the counts have been judged
    outputs = {{v2, 24U}, {v3, kExact}};
    return {};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(const ClientShares& shares) {
    // share, norm_clipping.py:16
    const Tensor<Ring> v0 = shares.at(0);
    // share, norm_clipping.py:16 Cast
    const Tensor<Ring> v1 = shares.at(1);
    // sum, norm_clipping.py:16 federated_sum
    v2 = sum(v0, {0});
    // sum, norm_clipping.py:14 federated_sum
    v3 = sum(v1, {0});
  }

  const Arithmetic kArithmetic;
  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  Tensor<Ring> v2;
  Tensor<Ring> v3;
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "clipped_mean",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
    },
    .outputs = {
        {"opened0", 34},
        {"opened1", 0},
    },
};

std::unique_ptr<ezmotion::Program> make(MOTION::MPCProtocol arithmetic) {
  return std::make_unique<ClippedMeanProgram>(arithmetic);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() { return new ClippedMeanProgram(MOTION::MPCProtocol::ArithmeticGMW); }

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }