// total, for 30 clients at most, on MOTION2NX.
// Emitted by ezcompile. Both servers run this program; party 0 garbles, party 1 evaluates.
#include <cstddef>
#include <memory>

#include "ezmotion/circuit.h"
#include "ezmotion/operations.h"
#include "ezmotion/program.h"
#include "ezmotion/server.h"
#include "tensor/tensor.h"
#include "utility/typedefs.h"

namespace {

using namespace ezmotion;
using MOTION::MPCProtocol;
using MOTION::tensor::TensorCP;

class TotalProgram final : public ezmotion::Program {
 public:
  using Program::Program;

  const char* name() const override { return "total"; }

 private:
  // Values that both servers know are public. Others are additive shares (ArithmeticGMW), garbled
  // (Yao), or, as factors, of the arithmetic protocol that is chosen at the start: ArithmeticGMW or
  // ArithmeticBEAVY.
  Outputs build(Backend& backend, std::size_t n) const override {
    // share: [n, 20], 29 fractional bits, ArithmeticGMW (mean_factory.py:17)
    const TensorCP t0 = backend.add_share_input(0, Shape{n, 20});
    // sum: [20], 29 fractional bits, ArithmeticGMW (mean_factory.py:17 federated_sum)
    const TensorCP t1 = make_linear_op(backend, {t0}, Shape{20}, [](const Tensors& x) { return sum(x[0], {0}); });
    // Counts are opened and judged first, then the results to so many significant bits.
    return {.counts = {},
            .results = {{t1, 24U}}};
  }

};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "total",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
    },
    .outputs = {
        {"opened0", 29},
    },
};

std::unique_ptr<ezmotion::Program> make(MPCProtocol arithmetic, std::size_t threads) {
  return std::make_unique<TotalProgram>(arithmetic, threads);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() {
  return new TotalProgram(MPCProtocol::ArithmeticGMW);
}

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }
