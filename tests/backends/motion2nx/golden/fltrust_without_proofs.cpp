// fltrust_without_proofs, for 9 clients at most, on MOTION2NX.
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

class FltrustWithoutProofsProgram final : public ezmotion::Program {
 public:
  using Program::Program;

  const char* name() const override { return "fltrust_without_proofs"; }

 private:
  // Values that both servers know are public. Others are additive shares (ArithmeticGMW), garbled
  // (Yao), or, as factors, of the arithmetic protocol that is chosen at the start: ArithmeticGMW or
  // ArithmeticBEAVY.
  Outputs build(Backend& backend, std::size_t n) const override {
    // share: [n, 12], 26 fractional bits, ArithmeticGMW
    const TensorCP t0 = backend.add_share_input(0, Shape{n, 12});
    // mask: [n, 12], 26 fractional bits, of the arithmetic protocol
    const TensorCP t1 = backend.convert(backend.arithmetic(), t0);
    // square_sum: [n], 52 fractional bits, ArithmeticGMW
    const TensorCP t2 = make_square_sum_op(backend, t1);
    // public: [12, 1], 31 fractional bits, public
    const TensorCP t3 = backend.add_public_input(0, Shape{12, 1});
    // matmul_public: [n, 1], 57 fractional bits, ArithmeticGMW
    const TensorCP t4 = make_linear_op(backend, {t0, t3}, Shape{n, 1}, [](const Tensors& x) { return matmul(x[0], x[1]); });
    // reshape: [n], 57 fractional bits, ArithmeticGMW
    const TensorCP t5 = make_linear_op(backend, {t4}, Shape{n}, [n](const Tensors& x) { return reshape(x[0], Shape{n}); });
    // to_yao: [n], fixed 64 52, Yao
    const TensorCP t6 = backend.convert(MPCProtocol::Yao, t2);
    // to_yao: [n], fixed 64 57, Yao
    const TensorCP t7 = backend.convert(MPCProtocol::Yao, t5);
    // circuit: [n], fixed 52 50, Yao; [n], float 24 9, Yao; [n], fixed 2 0, Yao
    const TensorCPs outputs_of_t8 = make_circuit_op(backend, circuit_sqrt_div_relu, {t6, t7});
    const TensorCP& t8 = outputs_of_t8[0];
    const TensorCP& t9 = outputs_of_t8[1];
    const TensorCP& t10 = outputs_of_t8[2];
    // from_yao: [n], 50 fractional bits, ArithmeticGMW
    const TensorCP t11 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t8));
    // from_yao: [n], 0 fractional bits, ArithmeticGMW
    const TensorCP t12 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t10));
    // sum: [], 50 fractional bits, ArithmeticGMW
    const TensorCP t13 = make_linear_op(backend, {t11}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // reshape: [1, n], float 24 9, Yao
    const TensorCP t14 = make_move_op(backend, {t9}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // to_yao: [], fixed 56 50, Yao
    const TensorCP t15 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t13), 56);
    // circuit: [], float 24 9, Yao
    const TensorCPs outputs_of_t16 = make_circuit_op(backend, circuit_div_no_nan, {t15});
    const TensorCP& t16 = outputs_of_t16[0];
    // reshape: [1, 1], float 24 9, Yao
    const TensorCP t17 = make_move_op(backend, {t16}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // broadcast: [1, n], float 24 9, Yao
    const TensorCP t18 = make_move_op(backend, {t17}, [n](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    // circuit: [1, n], fixed 61 36, Yao; [1, n], fixed 2 0, Yao
    const TensorCPs outputs_of_t19 = make_circuit_op(backend, circuit_mul, {t14, t18});
    const TensorCP& t19 = outputs_of_t19[0];
    const TensorCP& t20 = outputs_of_t19[1];
    // from_yao: [1, n], 36 fractional bits, ArithmeticGMW
    const TensorCP t21 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t19));
    // from_yao: [1, n], 0 fractional bits, ArithmeticGMW
    const TensorCP t22 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t20));
    // sum: [n], 0 fractional bits, ArithmeticGMW
    const TensorCP t23 = make_linear_op(backend, {t22}, Shape{n}, [](const Tensors& x) { return sum(x[0], {0}); });
    // mask: [1, n], 36 fractional bits, of the arithmetic protocol
    const TensorCP t24 = backend.convert(backend.arithmetic(), t21);
    // product: [1, 12], 62 fractional bits, ArithmeticGMW
    const TensorCP t25 = make_gemm_op(backend, t24, t1);
    // public: [], 0 fractional bits, public
    const TensorCP t26 = backend.add_public_input(1, Shape{});
    // mul_public: [1, 12], 62 fractional bits, ArithmeticGMW
    const TensorCP t27 = make_linear_op(backend, {t25, t26}, Shape{1, 12}, [](const Tensors& x) { return mul(x[0], x[1]); });
    // add: [n], 0 fractional bits, ArithmeticGMW
    const TensorCP t28 = make_linear_op(backend, {t12, t23}, Shape{n}, [](const Tensors& x) { return add(x[0], x[1]); });
    // to_yao: [n], fixed 2 0, Yao
    const TensorCP t29 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t28), 2);
    // circuit: [n], fixed 2 0, Yao
    const TensorCPs outputs_of_t30 = make_circuit_op(backend, circuit_any_2, {t29});
    const TensorCP& t30 = outputs_of_t30[0];
    // from_yao: [n], 0 fractional bits, ArithmeticGMW
    const TensorCP t31 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t30));
    // open: [n], 0 fractional bits, public
    const TensorCP t32 = make_opening_op(backend, t31);
    // Counts are opened and judged first, then the results to so many significant bits.
    return {.counts = {t32},
            .results = {{t27, 24U}}};
  }

  const Circuit circuit_sqrt_div_relu = load_circuit(CIRCUITS_DIR "/sqrt_div_relu.txt");
  const Circuit circuit_div_no_nan = load_circuit(CIRCUITS_DIR "/div_no_nan.txt");
  const Circuit circuit_mul = load_circuit(CIRCUITS_DIR "/mul.txt");
  const Circuit circuit_any_2 = load_circuit(CIRCUITS_DIR "/any_2.txt");
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "fltrust_without_proofs",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 9,
    .exact = false,
    .drops = true,
    .checks = {
        {"div (|x| <= 1.68e+07) is not finite for its values, or beyond the range that the program was compiled for", "div (|x| <= 1.68e+07): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 62},
    },
};

std::unique_ptr<ezmotion::Program> make(MPCProtocol arithmetic, std::size_t threads) {
  return std::make_unique<FltrustWithoutProofsProgram>(arithmetic, threads);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() {
  return new FltrustWithoutProofsProgram(MPCProtocol::ArithmeticGMW);
}

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }
