// clipped_mean, for 30 clients at most, on MOTION2NX.
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

  std::size_t n = 0;  // clients of this round
  std::vector<Sealed> outputs;
  Tensor<Ring> v2;
  Tensor<Ring> v3;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new ClippedMeanProgram; }