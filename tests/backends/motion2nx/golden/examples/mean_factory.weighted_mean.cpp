// weighted_mean, for 30 clients at most, on MOTION2NX.
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

class WeightedMeanProgram final : public ezmotion::Program {
 public:
  using Program::Program;

  const char* name() const override { return "weighted_mean"; }

 private:
  // Values that both servers know are public. Others are additive shares (ArithmeticGMW), garbled
  // (Yao), or, as factors, of the arithmetic protocol that is chosen at the start: ArithmeticGMW or
  // ArithmeticBEAVY.
  Outputs build(Backend& backend, std::size_t n) const override {
    // share: [n, 20], 24 fractional bits, ArithmeticGMW (mean_factory.py:16)
    const TensorCP t0 = backend.add_share_input(0, Shape{n, 20});
    // share: [n], 24 fractional bits, ArithmeticGMW (mean_factory.py:16)
    const TensorCP t1 = backend.add_share_input(1, Shape{n});
    // sum: [], 24 fractional bits, ArithmeticGMW (mean_factory.py:16 federated_sum)
    const TensorCP t2 = make_linear_op(backend, {t1}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // to_yao: [], fixed 51 24, Yao (mean_factory.py:16 RealDiv)
    const TensorCP t3 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t2), 51);
    // circuit: [], fixed 62 37, Yao; [], fixed 2 0, Yao (mean_factory.py:16 RealDiv)
    const TensorCPs outputs_of_t4 = make_circuit_op(backend, circuit_reciprocal, {t3});
    const TensorCP& t4 = outputs_of_t4[0];
    const TensorCP& t5 = outputs_of_t4[1];
    // from_yao: [], 37 fractional bits, ArithmeticGMW (mean_factory.py:16 RealDiv)
    const TensorCP t6 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t4));
    // from_yao: [], 0 fractional bits, ArithmeticGMW (mean_factory.py:16 RealDiv)
    const TensorCP t7 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t5));
    // mask: [n], 24 fractional bits, of the arithmetic protocol (mean_factory.py:16 RealDiv)
    const TensorCP t8 = backend.convert(backend.arithmetic(), t1);
    // reshape: [1, n], 24 fractional bits, of the arithmetic protocol (mean_factory.py:16 RealDiv)
    const TensorCP t9 = make_linear_op(backend, {t8}, Shape{1, n}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // mask: [], 37 fractional bits, of the arithmetic protocol (mean_factory.py:16 RealDiv)
    const TensorCP t10 = backend.convert(backend.arithmetic(), t6);
    // reshape: [1, 1], 37 fractional bits, of the arithmetic protocol (mean_factory.py:16 RealDiv)
    const TensorCP t11 = make_linear_op(backend, {t10}, Shape{1, 1}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // product: [1, n], 61 fractional bits, ArithmeticGMW (mean_factory.py:16 RealDiv)
    const TensorCP t12 = make_gemm_op(backend, t11, t9);
    // to_yao: [1, n], fixed 64 61, Yao (mean_factory.py:16 RealDiv)
    const TensorCP t13 = backend.convert(MPCProtocol::Yao, t12);
    // circuit: [1, n], fixed 35 32, Yao (mean_factory.py:16 RealDiv)
    const TensorCPs outputs_of_t14 = make_circuit_op(backend, circuit_drop29, {t13});
    const TensorCP& t14 = outputs_of_t14[0];
    // from_yao: [1, n], 32 fractional bits, ArithmeticGMW (mean_factory.py:16 RealDiv)
    const TensorCP t15 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t14));
    // mask: [1, n], 32 fractional bits, of the arithmetic protocol (mean_factory.py:16 RealDiv)
    const TensorCP t16 = backend.convert(backend.arithmetic(), t15);
    // mask: [n, 20], 24 fractional bits, of the arithmetic protocol (mean_factory.py:16 RealDiv)
    const TensorCP t17 = backend.convert(backend.arithmetic(), t0);
    // product: [1, 20], 56 fractional bits, ArithmeticGMW (mean_factory.py:16 RealDiv)
    const TensorCP t18 = make_gemm_op(backend, t16, t17);
    // open: [], 0 fractional bits, public (mean_factory.py:16 RealDiv)
    const TensorCP t19 = make_opening_op(backend, t7);
    // Counts are opened and judged first, then the results to so many significant bits.
    return {.counts = {t19},
            .results = {{t18, 24U}}};
  }

  const Circuit circuit_reciprocal = load_circuit(CIRCUITS_DIR "/reciprocal.txt");
  const Circuit circuit_drop29 = load_circuit(CIRCUITS_DIR "/drop29.txt");
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "weighted_mean",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
        {"", "RealDiv (|x| <= 1.68e+07) at mean_factory.py:16 (RealDiv): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 56},
    },
};

std::unique_ptr<ezmotion::Program> make(MPCProtocol arithmetic, std::size_t threads) {
  return std::make_unique<WeightedMeanProgram>(arithmetic, threads);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() {
  return new WeightedMeanProgram(MPCProtocol::ArithmeticGMW);
}

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }
