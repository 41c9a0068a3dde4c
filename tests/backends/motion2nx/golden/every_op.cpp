// every_op, for 6 clients at most, on MOTION2NX.
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

class EveryOpProgram final : public ezmotion::Program {
 public:
  using Program::Program;

  const char* name() const override { return "every_op"; }

 private:
  // Values that both servers know are public. Others are additive shares (ArithmeticGMW), garbled
  // (Yao), or, as factors, of the arithmetic protocol that is chosen at the start: ArithmeticGMW or
  // ArithmeticBEAVY.
  Outputs build(Backend& backend, std::size_t n) const override {
    const int party = backend.party();
    // share: [n, 4], 8 fractional bits, ArithmeticGMW (user.py:3 Input)
    const TensorCP t0 = backend.add_share_input(0, Shape{n, 4});
    // share: [n], 8 fractional bits, ArithmeticGMW (user.py:3 Input)
    const TensorCP t1 = backend.add_share_input(1, Shape{n});
    // public: [4], 8 fractional bits, public (user.py:3 Input)
    const TensorCP t2 = backend.add_public_input(0, Shape{4});
    // constant: [4], 8 fractional bits, public (user.py:5 Linear)
    const TensorCP t3 = make_constant_op(backend, Tensor<Ring>(Shape{4}, {1U, 2U, 18446744073709551613U, 4U}));
    // add: [4], 8 fractional bits, public (user.py:5 Linear)
    const TensorCP t4 = make_linear_op(backend, {t2, t3}, Shape{4}, [](const Tensors& x) { return add(x[0], x[1]); });
    // neg: [4], 8 fractional bits, public (user.py:5 Linear)
    const TensorCP t5 = make_linear_op(backend, {t3}, Shape{4}, [](const Tensors& x) { return neg(x[0]); });
    // sub: [4], 8 fractional bits, public (user.py:5 Linear)
    const TensorCP t6 = make_linear_op(backend, {t4, t5}, Shape{4}, [](const Tensors& x) { return sub(x[0], x[1]); });
    // sub: [n, 4], 8 fractional bits, ArithmeticGMW (user.py:5 Linear)
    const TensorCP t7 = make_linear_op(backend, {t6, t0}, Shape{n, 4}, [party](const Tensors& x) { return sub(public_share(x[0], party), x[1]); });
    // neg: [n, 4], 8 fractional bits, ArithmeticGMW (user.py:5 Linear)
    const TensorCP t8 = make_linear_op(backend, {t0}, Shape{n, 4}, [](const Tensors& x) { return neg(x[0]); });
    // add: [n, 4], 8 fractional bits, ArithmeticGMW (user.py:5 Linear)
    const TensorCP t9 = make_linear_op(backend, {t7, t8}, Shape{n, 4}, [](const Tensors& x) { return add(x[0], x[1]); });
    // sub: [n, 4], 8 fractional bits, ArithmeticGMW (user.py:5 Linear)
    const TensorCP t10 = make_linear_op(backend, {t9, t3}, Shape{n, 4}, [party](const Tensors& x) { return sub(x[0], public_share(x[1], party)); });
    // as_shares: [4], 8 fractional bits, ArithmeticGMW (user.py:5 Linear)
    const TensorCP t11 = make_sharing_op(backend, t6);
    // widen: [4], 8 fractional bits, ArithmeticGMW (user.py:5 Linear)
    const TensorCP t12 = make_linear_op(backend, {t11}, Shape{4}, [](const Tensors& x) { return shift_left(x[0], 0); });
    // add: [n, 4], 8 fractional bits, ArithmeticGMW (user.py:5 Linear)
    const TensorCP t13 = make_linear_op(backend, {t10, t12}, Shape{n, 4}, [](const Tensors& x) { return add(x[0], x[1]); });
    // mul_public: [n, 4], 16 fractional bits, ArithmeticGMW (user.py:5 Linear)
    const TensorCP t14 = make_linear_op(backend, {t13, t2}, Shape{n, 4}, [](const Tensors& x) { return mul(x[0], x[1]); });
    // reshape: [4, 1], 8 fractional bits, public (user.py:5 Linear)
    const TensorCP t15 = make_linear_op(backend, {t2}, Shape{4, 1}, [](const Tensors& x) { return reshape(x[0], Shape{4, 1}); });
    // matmul_public: [n, 1], 16 fractional bits, ArithmeticGMW (user.py:5 Linear)
    const TensorCP t16 = make_linear_op(backend, {t0, t15}, Shape{n, 1}, [](const Tensors& x) { return matmul(x[0], x[1]); });
    // mask: [n, 4], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t17 = backend.convert(backend.arithmetic(), t0);
    // mask: [n], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t18 = backend.convert(backend.arithmetic(), t1);
    // square_sum: [n], 16 fractional bits, ArithmeticGMW (user.py:7 Product)
    const TensorCP t19 = make_square_sum_op(backend, t17);
    // reshape: [1, n], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t20 = make_linear_op(backend, {t18}, Shape{1, n}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // product: [1, 4], 16 fractional bits, ArithmeticGMW (user.py:7 Product)
    const TensorCP t21 = make_gemm_op(backend, t20, t17);
    // transpose: [4, n], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t22 = make_linear_op(backend, {t17}, Shape{4, n}, [](const Tensors& x) { return transpose(x[0], {1, 0}); });
    // concat: [8, n], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t23 = make_linear_op(backend, {t22, t22}, Shape{8, n}, [](const Tensors& x) { return concat(0, x[0], x[1]); });
    // take: [8, n], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t24 = make_linear_op(backend, {t23}, Shape{8, n}, [](const Tensors& x) { return take(x[0], 0, {5, 0, 6, 5, 3, 2, 4, 1}); });
    // slice: [3, n], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t25 = make_linear_op(backend, {t24}, Shape{3, n}, [n](const Tensors& x) { return slice(x[0], {6, 0}, Shape{3, n}, {-2, 1}); });
    // reshape: [1, 1, n], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t26 = make_linear_op(backend, {t20}, Shape{1, 1, n}, [n](const Tensors& x) { return reshape(x[0], Shape{1, 1, n}); });
    // broadcast: [2, 1, n], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t27 = make_linear_op(backend, {t26}, Shape{2, 1, n}, [n](const Tensors& x) { return broadcast_to(x[0], Shape{2, 1, n}); });
    // transpose: [n, 3], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t28 = make_linear_op(backend, {t25}, Shape{n, 3}, [](const Tensors& x) { return transpose(x[0], {1, 0}); });
    // reshape: [1, n, 3], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t29 = make_linear_op(backend, {t28}, Shape{1, n, 3}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n, 3}); });
    // broadcast: [2, n, 3], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t30 = make_linear_op(backend, {t29}, Shape{2, n, 3}, [n](const Tensors& x) { return broadcast_to(x[0], Shape{2, n, 3}); });
    // product: [2, 1, 3], 16 fractional bits, ArithmeticGMW (user.py:7 Product)
    const TensorCP t31 = make_gemm_op(backend, t27, t30);
    // reshape: [1, n], 8 fractional bits, ArithmeticGMW (user.py:7 Product)
    const TensorCP t32 = make_linear_op(backend, {t1}, Shape{1, n}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // mask: [1, n], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t33 = backend.convert(backend.arithmetic(), t32);
    // mask: [n, 4], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t34 = backend.convert(backend.arithmetic(), t0);
    // product: [1, 4], 16 fractional bits, ArithmeticGMW (user.py:7 Product)
    const TensorCP t35 = make_gemm_op(backend, t33, t34);
    // mask: [n, 4], 8 fractional bits, of the arithmetic protocol (user.py:7 Product)
    const TensorCP t36 = backend.convert(backend.arithmetic(), t0);
    // square_sum: [n], 16 fractional bits, ArithmeticGMW (user.py:7 Product)
    const TensorCP t37 = make_square_sum_op(backend, t36);
    // to_yao: [n, 4], fixed 20 8, Yao (user.py:9 Relu)
    const TensorCP t38 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t0), 20);
    // as_shares: [4], 8 fractional bits, ArithmeticGMW (user.py:9 Relu)
    const TensorCP t39 = make_sharing_op(backend, t2);
    // to_yao: [4], fixed 20 8, Yao (user.py:9 Relu)
    const TensorCP t40 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t39), 20);
    // broadcast: [n, 4], fixed 20 8, Yao (user.py:9 Relu)
    const TensorCP t41 = make_move_op(backend, {t40}, [n](const Tensors& x) { return broadcast_to(x[0], Shape{n, 4}); });
    // circuit: [n, 4], fixed 20 8, Yao; [n, 4], bit, Yao (user.py:9 Relu)
    const TensorCPs outputs_of_t42 = make_circuit_op(backend, circuit_relu, {t38});
    const TensorCP& t42 = outputs_of_t42[0];
    const TensorCP& t43 = outputs_of_t42[1];
    // slice: [n, 4], fixed 20 8, Yao (user.py:9 Relu)
    const TensorCP t44 = make_move_op(backend, {t42}, [n](const Tensors& x) { return slice(x[0], {0, 3}, Shape{n, 4}, {1, -1}); });
    // circuit: [n, 4], fixed 20 8, Yao; [n, 4], fixed 20 0, Yao (user.py:9 Relu)
    const TensorCPs outputs_of_t45 = make_circuit_op(backend, circuit_max, {t44, t41, t43});
    const TensorCP& t45 = outputs_of_t45[0];
    const TensorCP& t46 = outputs_of_t45[1];
    // transpose: [4, n], fixed 20 8, Yao (user.py:9 Relu)
    const TensorCP t47 = make_move_op(backend, {t45}, [](const Tensors& x) { return transpose(x[0], {1, 0}); });
    // concat: [8, n], fixed 20 8, Yao (user.py:9 Relu)
    const TensorCP t48 = make_move_op(backend, {t47, t47}, [](const Tensors& x) { return concat(0, x[0], x[1]); });
    // take: [4, n], fixed 20 8, Yao (user.py:9 Relu)
    const TensorCP t49 = make_move_op(backend, {t48}, [](const Tensors& x) { return take(x[0], 0, {7, 2, 0, 2}); });
    // from_yao: [4, n], 8 fractional bits, ArithmeticGMW (user.py:9 Relu)
    const TensorCP t50 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t49));
    // from_yao: [n, 4], 0 fractional bits, ArithmeticGMW (user.py:9 Relu)
    const TensorCP t51 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t46));
    // slice: [n, 1], 0 fractional bits, ArithmeticGMW (user.py:9 Relu)
    const TensorCP t52 = make_linear_op(backend, {t51}, Shape{n, 1}, [n](const Tensors& x) { return slice(x[0], {0, 0}, Shape{n, 1}, {1, 1}); });
    // reshape: [n], 0 fractional bits, ArithmeticGMW (user.py:9 Relu)
    const TensorCP t53 = make_linear_op(backend, {t52}, Shape{n}, [n](const Tensors& x) { return reshape(x[0], Shape{n}); });
    // slice: [n, 3], 0 fractional bits, ArithmeticGMW (user.py:9 Relu)
    const TensorCP t54 = make_linear_op(backend, {t51}, Shape{n, 3}, [n](const Tensors& x) { return slice(x[0], {0, 1}, Shape{n, 3}, {1, 1}); });
    // sum: [], 0 fractional bits, ArithmeticGMW (user.py:9 Relu)
    const TensorCP t55 = make_linear_op(backend, {t54}, Shape{}, [](const Tensors& x) { return sum(x[0], {0, 1}); });
    // sum: [4], 16 fractional bits, ArithmeticGMW (user.py:11 Sum)
    const TensorCP t56 = make_linear_op(backend, {t14}, Shape{4}, [](const Tensors& x) { return sum(x[0], {0}); });
    // sum: [], 16 fractional bits, ArithmeticGMW (user.py:11 Sum)
    const TensorCP t57 = make_linear_op(backend, {t16}, Shape{}, [](const Tensors& x) { return sum(x[0], {0, 1}); });
    // sum: [], 16 fractional bits, ArithmeticGMW (user.py:11 Sum)
    const TensorCP t58 = make_linear_op(backend, {t19}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // proved_product: [n], 16 fractional bits, ArithmeticGMW (user.py:11 Sum)
    const TensorCP t59 = backend.add_share_input(2, Shape{n});
    // sum: [], 16 fractional bits, ArithmeticGMW (user.py:11 Sum)
    const TensorCP t60 = make_linear_op(backend, {t59}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // proved_product: [n], 16 fractional bits, ArithmeticGMW (user.py:11 Sum)
    const TensorCP t61 = backend.add_share_input(3, Shape{n});
    // sum: [], 16 fractional bits, ArithmeticGMW (user.py:11 Sum)
    const TensorCP t62 = make_linear_op(backend, {t61}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // sum: [], 16 fractional bits, ArithmeticGMW (user.py:11 Sum)
    const TensorCP t63 = make_linear_op(backend, {t37}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // sum: [4], 8 fractional bits, ArithmeticGMW (user.py:11 Sum)
    const TensorCP t64 = make_linear_op(backend, {t50}, Shape{4}, [](const Tensors& x) { return sum(x[0], {1}); });
    // to_yao: [1, 4], fixed 64 16, Yao (user.py:11 Sum)
    const TensorCP t65 = backend.convert(MPCProtocol::Yao, t21);
    // circuit: [1, 4], fixed 59 11, Yao (user.py:11 Sum)
    const TensorCPs outputs_of_t66 = make_circuit_op(backend, circuit_drop5, {t65});
    const TensorCP& t66 = outputs_of_t66[0];
    // from_yao: [1, 4], 11 fractional bits, ArithmeticGMW (user.py:11 Sum)
    const TensorCP t67 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t66));
    // open: [n], 0 fractional bits, public (user.py:13 RealDiv)
    const TensorCP t68 = make_opening_op(backend, t53);
    // open: [], 0 fractional bits, public (user.py:13 RealDiv)
    const TensorCP t69 = make_opening_op(backend, t55);
    // Counts are opened and judged first, then the results to so many significant bits.
    return {.counts = {t68, t69},
            .results = {{t56, kExact}, {t57, kExact}, {t58, kExact}, {t60, kExact}, {t62, kExact}, {t21, kExact}, {t31, kExact}, {t35, kExact}, {t63, kExact}, {t64, kExact}, {t67, kExact}, {t6, kPublic}}};
  }

  const Circuit circuit_relu = load_circuit(CIRCUITS_DIR "/relu.txt");
  const Circuit circuit_max = load_circuit(CIRCUITS_DIR "/max.txt");
  const Circuit circuit_drop5 = load_circuit(CIRCUITS_DIR "/drop5.txt");
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "every_op",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 6,
    .exact = false,
    .drops = true,
    .checks = {
        {"root is not finite for its values, or beyond the range that the program was compiled for", "root: the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
        {"", "division at user.py:13 (RealDiv): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"scaled", 16},
        {"dots", 16},
        {"squares", 16},
        {"proved_squares", 16},
        {"proved_parts", 16},
        {"weighted", 16},
        {"batched", 16},
        {"unmasked", 16},
        {"unmasked_squares", 16},
        {"relu", 8},
        {"truncated", 11},
        {"public", 8},
    },
};

std::unique_ptr<ezmotion::Program> make(MPCProtocol arithmetic, std::size_t threads) {
  return std::make_unique<EveryOpProgram>(arithmetic, threads);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() {
  return new EveryOpProgram(MPCProtocol::ArithmeticGMW);
}

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }
