// fedavg, for 30 clients at most, on MOTION2NX.
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

class FedavgProgram final : public ezmotion::Program {
 public:
  using Program::Program;

  const char* name() const override { return "fedavg"; }

 private:
  // Values that both servers know are public. Others are additive shares (ArithmeticGMW), garbled
  // (Yao), or, as factors, of the arithmetic protocol that is chosen at the start: ArithmeticGMW or
  // ArithmeticBEAVY.
  Outputs build(Backend& backend, std::size_t n) const override {
    // share: [n, 64, 16], 23 fractional bits, ArithmeticGMW (fedavg.py:40)
    const TensorCP t0 = backend.add_share_input(0, Shape{n, 64, 16});
    // share: [n, 16], 23 fractional bits, ArithmeticGMW (fedavg.py:40)
    const TensorCP t1 = backend.add_share_input(1, Shape{n, 16});
    // share: [n, 16, 10], 23 fractional bits, ArithmeticGMW (fedavg.py:40)
    const TensorCP t2 = backend.add_share_input(2, Shape{n, 16, 10});
    // share: [n, 10], 23 fractional bits, ArithmeticGMW (fedavg.py:40)
    const TensorCP t3 = backend.add_share_input(3, Shape{n, 10});
    // share: [n], 24 fractional bits, ArithmeticGMW (fedavg.py:40)
    const TensorCP t4 = backend.add_share_input(4, Shape{n});
    // sum: [], 24 fractional bits, ArithmeticGMW (fedavg.py:42 federated_weighted_mean)
    const TensorCP t5 = make_linear_op(backend, {t4}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // to_yao: [], fixed 51 24, Yao (fedavg.py:42 federated_weighted_mean)
    const TensorCP t6 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t5), 51);
    // circuit: [], fixed 62 37, Yao; [], fixed 2 0, Yao (fedavg.py:42 federated_weighted_mean)
    const TensorCPs outputs_of_t7 = make_circuit_op(backend, circuit_reciprocal, {t6});
    const TensorCP& t7 = outputs_of_t7[0];
    const TensorCP& t8 = outputs_of_t7[1];
    // from_yao: [], 37 fractional bits, ArithmeticGMW (fedavg.py:42 federated_weighted_mean)
    const TensorCP t9 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t7));
    // from_yao: [], 0 fractional bits, ArithmeticGMW (fedavg.py:42 federated_weighted_mean)
    const TensorCP t10 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t8));
    // mask: [n], 24 fractional bits, of the arithmetic protocol (fedavg.py:42 federated_weighted_mean)
    const TensorCP t11 = backend.convert(backend.arithmetic(), t4);
    // reshape: [1, n], 24 fractional bits, of the arithmetic protocol (fedavg.py:42 federated_weighted_mean)
    const TensorCP t12 = make_linear_op(backend, {t11}, Shape{1, n}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // mask: [], 37 fractional bits, of the arithmetic protocol (fedavg.py:42 federated_weighted_mean)
    const TensorCP t13 = backend.convert(backend.arithmetic(), t9);
    // reshape: [1, 1], 37 fractional bits, of the arithmetic protocol (fedavg.py:42 federated_weighted_mean)
    const TensorCP t14 = make_linear_op(backend, {t13}, Shape{1, 1}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // product: [1, n], 61 fractional bits, ArithmeticGMW (fedavg.py:42 federated_weighted_mean)
    const TensorCP t15 = make_gemm_op(backend, t14, t12);
    // to_yao: [1, n], fixed 64 61, Yao (fedavg.py:42 federated_weighted_mean)
    const TensorCP t16 = backend.convert(MPCProtocol::Yao, t15);
    // circuit: [1, n], fixed 34 31, Yao (fedavg.py:42 federated_weighted_mean)
    const TensorCPs outputs_of_t17 = make_circuit_op(backend, circuit_drop30, {t16});
    const TensorCP& t17 = outputs_of_t17[0];
    // from_yao: [1, n], 31 fractional bits, ArithmeticGMW (fedavg.py:42 federated_weighted_mean)
    const TensorCP t18 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t17));
    // mask: [1, n], 31 fractional bits, of the arithmetic protocol (fedavg.py:42 federated_weighted_mean)
    const TensorCP t19 = backend.convert(backend.arithmetic(), t18);
    // mask: [n, 64, 16], 23 fractional bits, of the arithmetic protocol (fedavg.py:42 federated_weighted_mean)
    const TensorCP t20 = backend.convert(backend.arithmetic(), t0);
    // reshape: [n, 1024], 23 fractional bits, of the arithmetic protocol (fedavg.py:42 federated_weighted_mean)
    const TensorCP t21 = make_linear_op(backend, {t20}, Shape{n, 1024}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1024}); });
    // product: [1, 1024], 54 fractional bits, ArithmeticGMW (fedavg.py:42 federated_weighted_mean)
    const TensorCP t22 = make_gemm_op(backend, t19, t21);
    // mask: [n, 16], 23 fractional bits, of the arithmetic protocol (fedavg.py:42 federated_weighted_mean)
    const TensorCP t23 = backend.convert(backend.arithmetic(), t1);
    // product: [1, 16], 54 fractional bits, ArithmeticGMW (fedavg.py:42 federated_weighted_mean)
    const TensorCP t24 = make_gemm_op(backend, t19, t23);
    // mask: [n, 16, 10], 23 fractional bits, of the arithmetic protocol (fedavg.py:42 federated_weighted_mean)
    const TensorCP t25 = backend.convert(backend.arithmetic(), t2);
    // reshape: [n, 160], 23 fractional bits, of the arithmetic protocol (fedavg.py:42 federated_weighted_mean)
    const TensorCP t26 = make_linear_op(backend, {t25}, Shape{n, 160}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 160}); });
    // product: [1, 160], 54 fractional bits, ArithmeticGMW (fedavg.py:42 federated_weighted_mean)
    const TensorCP t27 = make_gemm_op(backend, t19, t26);
    // mask: [n, 10], 23 fractional bits, of the arithmetic protocol (fedavg.py:42 federated_weighted_mean)
    const TensorCP t28 = backend.convert(backend.arithmetic(), t3);
    // product: [1, 10], 54 fractional bits, ArithmeticGMW (fedavg.py:42 federated_weighted_mean)
    const TensorCP t29 = make_gemm_op(backend, t19, t28);
    // open: [], 0 fractional bits, public (fedavg.py:42 federated_weighted_mean)
    const TensorCP t30 = make_opening_op(backend, t10);
    // Counts are opened and judged first, then the results to so many significant bits.
    return {.counts = {t30},
            .results = {{t22, 24U}, {t24, 24U}, {t27, 24U}, {t29, 24U}}};
  }

  const Circuit circuit_reciprocal = load_circuit(CIRCUITS_DIR "/reciprocal.txt");
  const Circuit circuit_drop30 = load_circuit(CIRCUITS_DIR "/drop30.txt");
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "fedavg",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
        {"", "federated_weighted_mean (|x| <= 1.68e+07) at fedavg.py:42 (federated_weighted_mean): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 54},
        {"opened1", 54},
        {"opened2", 54},
        {"opened3", 54},
    },
};

std::unique_ptr<ezmotion::Program> make(MPCProtocol arithmetic, std::size_t threads) {
  return std::make_unique<FedavgProgram>(arithmetic, threads);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() {
  return new FedavgProgram(MPCProtocol::ArithmeticGMW);
}

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }
