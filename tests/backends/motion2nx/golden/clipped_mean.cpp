// clipped_mean, for 9 clients at most, on MOTION2NX.
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
    outputs = {{v1, 24U}};
    return {};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  void local1(const ClientShares& shares) {
    const Tensor<Ring> v0 = shares.at(0);
    v1 = sum(v0, {0});
  }

  const Arithmetic kArithmetic;
  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  Tensor<Ring> v1;
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "clipped_mean",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 9,
    .exact = false,
    .drops = true,
    .checks = {
    },
    .outputs = {
        {"opened0", 30},
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