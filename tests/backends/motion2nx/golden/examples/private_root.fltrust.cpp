// fltrust, for 30 clients at most, on MOTION2NX.
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

class FltrustProgram final : public ezmotion::Program {
 public:
  using Program::Program;

  const char* name() const override { return "fltrust"; }

 private:
  // Values that both servers know are public. Others are additive shares (ArithmeticGMW), garbled
  // (Yao), or, as factors, of the arithmetic protocol that is chosen at the start: ArithmeticGMW or
  // ArithmeticBEAVY.
  Outputs build(Backend& backend, std::size_t n) const override {
    // share: [n, 3372], 31 fractional bits, ArithmeticGMW (private_root.py:20)
    const TensorCP t0 = backend.add_share_input(0, Shape{n, 3372});
    // public: [3372, 1], 31 fractional bits, public (private_root.py:20 Relu)
    const TensorCP t1 = backend.add_public_input(0, Shape{3372, 1});
    // matmul_public: [n, 1], 62 fractional bits, ArithmeticGMW (private_root.py:20 Relu)
    const TensorCP t2 = make_linear_op(backend, {t0, t1}, Shape{n, 1}, [](const Tensors& x) { return matmul(x[0], x[1]); });
    // reshape: [n], 62 fractional bits, ArithmeticGMW (private_root.py:20 Relu)
    const TensorCP t3 = make_linear_op(backend, {t2}, Shape{n}, [n](const Tensors& x) { return reshape(x[0], Shape{n}); });
    // to_yao: [n], fixed 64 62, Yao (private_root.py:20 Relu)
    const TensorCP t4 = backend.convert(MPCProtocol::Yao, t3);
    // circuit: [n], fixed 36 34, Yao (private_root.py:20 Relu)
    const TensorCPs outputs_of_t5 = make_circuit_op(backend, circuit_relu, {t4});
    const TensorCP& t5 = outputs_of_t5[0];
    // from_yao: [n], 34 fractional bits, ArithmeticGMW (private_root.py:20 Relu)
    const TensorCP t6 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t5));
    // sum: [], 34 fractional bits, ArithmeticGMW (private_root.py:20 federated_sum)
    const TensorCP t7 = make_linear_op(backend, {t6}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // to_yao: [], fixed 41 34, Yao (private_root.py:20 DivNoNan)
    const TensorCP t8 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t7), 41);
    // circuit: [], fixed 52 27, Yao; [], fixed 2 0, Yao (private_root.py:20 DivNoNan)
    const TensorCPs outputs_of_t9 = make_circuit_op(backend, circuit_div_no_nan, {t8});
    const TensorCP& t9 = outputs_of_t9[0];
    const TensorCP& t10 = outputs_of_t9[1];
    // from_yao: [], 27 fractional bits, ArithmeticGMW (private_root.py:20 DivNoNan)
    const TensorCP t11 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t9));
    // from_yao: [], 0 fractional bits, ArithmeticGMW (private_root.py:20 DivNoNan)
    const TensorCP t12 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t10));
    // mask: [n], 34 fractional bits, of the arithmetic protocol (private_root.py:20 DivNoNan)
    const TensorCP t13 = backend.convert(backend.arithmetic(), t6);
    // reshape: [1, n], 34 fractional bits, of the arithmetic protocol (private_root.py:20 DivNoNan)
    const TensorCP t14 = make_linear_op(backend, {t13}, Shape{1, n}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // mask: [], 27 fractional bits, of the arithmetic protocol (private_root.py:20 DivNoNan)
    const TensorCP t15 = backend.convert(backend.arithmetic(), t11);
    // reshape: [1, 1], 27 fractional bits, of the arithmetic protocol (private_root.py:20 DivNoNan)
    const TensorCP t16 = make_linear_op(backend, {t15}, Shape{1, 1}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // product: [1, n], 61 fractional bits, ArithmeticGMW (private_root.py:20 DivNoNan)
    const TensorCP t17 = make_gemm_op(backend, t16, t14);
    // to_yao: [1, n], fixed 64 61, Yao (private_root.py:20 DivNoNan)
    const TensorCP t18 = backend.convert(MPCProtocol::Yao, t17);
    // circuit: [1, n], fixed 34 31, Yao (private_root.py:20 DivNoNan)
    const TensorCPs outputs_of_t19 = make_circuit_op(backend, circuit_drop30, {t18});
    const TensorCP& t19 = outputs_of_t19[0];
    // from_yao: [1, n], 31 fractional bits, ArithmeticGMW (private_root.py:20 DivNoNan)
    const TensorCP t20 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t19));
    // mask: [1, n], 31 fractional bits, of the arithmetic protocol (private_root.py:20 DivNoNan)
    const TensorCP t21 = backend.convert(backend.arithmetic(), t20);
    // mask: [n, 3372], 31 fractional bits, of the arithmetic protocol (private_root.py:20 DivNoNan)
    const TensorCP t22 = backend.convert(backend.arithmetic(), t0);
    // product: [1, 3372], 62 fractional bits, ArithmeticGMW (private_root.py:20 DivNoNan)
    const TensorCP t23 = make_gemm_op(backend, t21, t22);
    // public: [], 0 fractional bits, public (private_root.py:20)
    const TensorCP t24 = backend.add_public_input(1, Shape{});
    // mul_public: [1, 3372], 62 fractional bits, ArithmeticGMW (private_root.py:20)
    const TensorCP t25 = make_linear_op(backend, {t23, t24}, Shape{1, 3372}, [](const Tensors& x) { return mul(x[0], x[1]); });
    // open: [], 0 fractional bits, public (private_root.py:20 DivNoNan)
    const TensorCP t26 = make_opening_op(backend, t12);
    // Counts are opened and judged first, then the results to so many significant bits.
    return {.counts = {t26},
            .results = {{t25, 24U}}};
  }

  const Circuit circuit_relu = load_circuit(CIRCUITS_DIR "/relu.txt");
  const Circuit circuit_div_no_nan = load_circuit(CIRCUITS_DIR "/div_no_nan.txt");
  const Circuit circuit_drop30 = load_circuit(CIRCUITS_DIR "/drop30.txt");
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "fltrust",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
        {"", "DivNoNan (|x| <= 1.68e+07) at private_root.py:20 (DivNoNan): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 62},
    },
};

std::unique_ptr<ezmotion::Program> make(MPCProtocol arithmetic, std::size_t threads) {
  return std::make_unique<FltrustProgram>(arithmetic, threads);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() {
  return new FltrustProgram(MPCProtocol::ArithmeticGMW);
}

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }
