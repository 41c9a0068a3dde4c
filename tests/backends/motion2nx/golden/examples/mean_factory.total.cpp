// total, for 30 clients at most, on MOTION2NX.
// Emitted by ezcompile. Both servers run this program; s.party() is 0 (the garbler) or 1 (the evaluator).
// A value v is this server's additive share, or public; inside a graph it is g.
#include <cstddef>
#include <vector>

#include "ezmotion/graph.h"
#include "ezmotion/products.h"
#include "ezmotion/program.h"

namespace {

using namespace ezmotion;

constexpr Arithmetic kArithmetic = Arithmetic::kGmw;

class TotalProgram final : public ezmotion::Program {
 public:
  const char* name() const override { return "total"; }

  std::vector<Tensor<Ring>> online(Session& s, const Tensors& shares,
                                   const Tensors& publics) override {
    n = shares.at(0).shape.at(0);
    agree(s, publics);
    local1(shares);
    open2(s);
    return {v2};
  }

 private:
  void local1(const Tensors& shares) {
    // share, mean_factory.py:17
    const Tensor<Ring> v0 = shares.at(0);
    // sum, mean_factory.py:17 federated_sum
    v1 = sum(v0, {0});
  }

  void open2(Session& s) {
    // open, mean_factory.py:17 federated_sum
    v2 = open(s, v1);
  }

  std::size_t n = 0;  // clients of this round
  Tensor<Ring> v1;
  Tensor<Ring> v2;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new TotalProgram; }