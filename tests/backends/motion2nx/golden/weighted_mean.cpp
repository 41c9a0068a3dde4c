// weighted_mean, for 9 clients at most, on MOTION2NX.
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
    // share: [n, 5], 29 fractional bits, ArithmeticGMW
    const TensorCP t0 = backend.add_share_input(0, Shape{n, 5});
    // share: [n], 32 fractional bits, ArithmeticGMW
    const TensorCP t1 = backend.add_share_input(1, Shape{n});
    // reshape: [1, n], 32 fractional bits, ArithmeticGMW
    const TensorCP t2 = make_linear_op(backend, {t1}, Shape{1, n}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // sum: [], 32 fractional bits, ArithmeticGMW
    const TensorCP t3 = make_linear_op(backend, {t1}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // to_yao: [], fixed 58 32, Yao
    const TensorCP t4 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t3), 58);
    // circuit: [], float 24 9, Yao
    const TensorCPs outputs_of_t5 = make_circuit_op(backend, circuit_reciprocal, {t4});
    const TensorCP& t5 = outputs_of_t5[0];
    // reshape: [1, 1], float 24 9, Yao
    const TensorCP t6 = make_move_op(backend, {t5}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // to_yao: [1, n], fixed 54 32, Yao
    const TensorCP t7 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t2), 54);
    // broadcast: [1, n], float 24 9, Yao
    const TensorCP t8 = make_move_op(backend, {t6}, [n](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    // circuit: [1, n], fixed 32 30, Yao; [1, n], fixed 2 0, Yao
    const TensorCPs outputs_of_t9 = make_circuit_op(backend, circuit_mul, {t7, t8});
    const TensorCP& t9 = outputs_of_t9[0];
    const TensorCP& t10 = outputs_of_t9[1];
    // from_yao: [1, n], 30 fractional bits, ArithmeticGMW
    const TensorCP t11 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t9));
    // from_yao: [1, n], 0 fractional bits, ArithmeticGMW
    const TensorCP t12 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t10));
    // sum: [n], 0 fractional bits, ArithmeticGMW
    const TensorCP t13 = make_linear_op(backend, {t12}, Shape{n}, [](const Tensors& x) { return sum(x[0], {0}); });
    // mask: [1, n], 30 fractional bits, of the arithmetic protocol
    const TensorCP t14 = backend.convert(backend.arithmetic(), t11);
    // mask: [n, 5], 29 fractional bits, of the arithmetic protocol
    const TensorCP t15 = backend.convert(backend.arithmetic(), t0);
    // product: [1, 5], 59 fractional bits, ArithmeticGMW
    const TensorCP t16 = make_gemm_op(backend, t14, t15);
    // open: [n], 0 fractional bits, public
    const TensorCP t17 = make_opening_op(backend, t13);
    // Counts are opened and judged first, then the results to so many significant bits.
    return {.counts = {t17},
            .results = {{t16, 24U}}};
  }

  const Circuit circuit_reciprocal = load_circuit(CIRCUITS_DIR "/reciprocal.txt");
  const Circuit circuit_mul = load_circuit(CIRCUITS_DIR "/mul.txt");
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "weighted_mean",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 9,
    .exact = false,
    .drops = true,
    .checks = {
        {"reciprocal (|x| <= 1) is not finite for its values, or beyond the range that the program was compiled for", "reciprocal (|x| <= 1): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 59},
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
