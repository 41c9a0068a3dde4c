// clipped_mean, for 30 clients at most, on MOTION2NX.
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

class ClippedMeanProgram final : public ezmotion::Program {
 public:
  using Program::Program;

  const char* name() const override { return "clipped_mean"; }

 private:
  // Values that both servers know are public. Others are additive shares (ArithmeticGMW), garbled
  // (Yao), or, as factors, of the arithmetic protocol that is chosen at the start: ArithmeticGMW or
  // ArithmeticBEAVY.
  Outputs build(Backend& backend, std::size_t n) const override {
    // share: [n, 200], 34 fractional bits, ArithmeticGMW (norm_clipping.py:16)
    const TensorCP t0 = backend.add_share_input(0, Shape{n, 200});
    // share: [n], 0 fractional bits, ArithmeticGMW (norm_clipping.py:16 Cast)
    const TensorCP t1 = backend.add_share_input(1, Shape{n});
    // sum: [200], 34 fractional bits, ArithmeticGMW (norm_clipping.py:16 federated_sum)
    const TensorCP t2 = make_linear_op(backend, {t0}, Shape{200}, [](const Tensors& x) { return sum(x[0], {0}); });
    // sum: [], 0 fractional bits, ArithmeticGMW (norm_clipping.py:14 federated_sum)
    const TensorCP t3 = make_linear_op(backend, {t1}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // Counts are opened and judged first, then the results to so many significant bits.
    return {.counts = {},
            .results = {{t2, 24U}, {t3, kExact}}};
  }

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

std::unique_ptr<ezmotion::Program> make(MPCProtocol arithmetic, std::size_t threads) {
  return std::make_unique<ClippedMeanProgram>(arithmetic, threads);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() {
  return new ClippedMeanProgram(MPCProtocol::ArithmeticGMW);
}

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }
