// fltrust, for 9 clients at most, on MOTION2NX.
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
    // share: [n, 12], 32 fractional bits, ArithmeticGMW
    const TensorCP t0 = backend.add_share_input(0, Shape{n, 12});
    // public: [12, 1], 30 fractional bits, public
    const TensorCP t1 = backend.add_public_input(0, Shape{12, 1});
    // matmul_public: [n, 1], 62 fractional bits, ArithmeticGMW
    const TensorCP t2 = make_linear_op(backend, {t0, t1}, Shape{n, 1}, [](const Tensors& x) { return matmul(x[0], x[1]); });
    // reshape: [n], 62 fractional bits, ArithmeticGMW
    const TensorCP t3 = make_linear_op(backend, {t2}, Shape{n}, [n](const Tensors& x) { return reshape(x[0], Shape{n}); });
    // to_yao: [n], fixed 64 62, Yao
    const TensorCP t4 = backend.convert(MPCProtocol::Yao, t3);
    // circuit: [n], fixed 64 62, Yao; [n], fixed 52 50, Yao
    const TensorCPs outputs_of_t5 = make_circuit_op(backend, circuit_relu, {t4});
    const TensorCP& t5 = outputs_of_t5[0];
    const TensorCP& t6 = outputs_of_t5[1];
    // from_yao: [n], 50 fractional bits, ArithmeticGMW
    const TensorCP t7 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t6));
    // sum: [], 50 fractional bits, ArithmeticGMW
    const TensorCP t8 = make_linear_op(backend, {t7}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // reshape: [1, n], fixed 64 62, Yao
    const TensorCP t9 = make_move_op(backend, {t5}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // to_yao: [], fixed 56 50, Yao
    const TensorCP t10 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t8), 56);
    // circuit: [], float 24 9, Yao
    const TensorCPs outputs_of_t11 = make_circuit_op(backend, circuit_div_no_nan, {t10});
    const TensorCP& t11 = outputs_of_t11[0];
    // reshape: [1, 1], float 24 9, Yao
    const TensorCP t12 = make_move_op(backend, {t11}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // broadcast: [1, n], float 24 9, Yao
    const TensorCP t13 = make_move_op(backend, {t12}, [n](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    // circuit: [1, n], fixed 32 30, Yao; [1, n], fixed 2 0, Yao
    const TensorCPs outputs_of_t14 = make_circuit_op(backend, circuit_mul, {t9, t13});
    const TensorCP& t14 = outputs_of_t14[0];
    const TensorCP& t15 = outputs_of_t14[1];
    // from_yao: [1, n], 30 fractional bits, ArithmeticGMW
    const TensorCP t16 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t14));
    // from_yao: [1, n], 0 fractional bits, ArithmeticGMW
    const TensorCP t17 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t15));
    // sum: [n], 0 fractional bits, ArithmeticGMW
    const TensorCP t18 = make_linear_op(backend, {t17}, Shape{n}, [](const Tensors& x) { return sum(x[0], {0}); });
    // mask: [1, n], 30 fractional bits, of the arithmetic protocol
    const TensorCP t19 = backend.convert(backend.arithmetic(), t16);
    // mask: [n, 12], 32 fractional bits, of the arithmetic protocol
    const TensorCP t20 = backend.convert(backend.arithmetic(), t0);
    // product: [1, 12], 62 fractional bits, ArithmeticGMW
    const TensorCP t21 = make_gemm_op(backend, t19, t20);
    // public: [], 0 fractional bits, public
    const TensorCP t22 = backend.add_public_input(1, Shape{});
    // mul_public: [1, 12], 62 fractional bits, ArithmeticGMW
    const TensorCP t23 = make_linear_op(backend, {t21, t22}, Shape{1, 12}, [](const Tensors& x) { return mul(x[0], x[1]); });
    // open: [n], 0 fractional bits, public
    const TensorCP t24 = make_opening_op(backend, t18);
    // Counts are opened and judged first, then the results to so many significant bits.
    return {.counts = {t24},
            .results = {{t23, 24U}}};
  }

  const Circuit circuit_relu = load_circuit(CIRCUITS_DIR "/relu.txt");
  const Circuit circuit_div_no_nan = load_circuit(CIRCUITS_DIR "/div_no_nan.txt");
  const Circuit circuit_mul = load_circuit(CIRCUITS_DIR "/mul.txt");
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "fltrust",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 9,
    .exact = false,
    .drops = true,
    .checks = {
        {"mul (|x| <= 1) is not finite for its values, or beyond the range that the program was compiled for", "mul (|x| <= 1): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
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
