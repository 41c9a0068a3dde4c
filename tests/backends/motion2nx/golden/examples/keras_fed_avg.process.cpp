// process, for 30 clients at most, on MOTION2NX.
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

class ProcessProgram final : public ezmotion::Program {
 public:
  using Program::Program;

  const char* name() const override { return "process"; }

 private:
  // Values that both servers know are public. Others are additive shares (ArithmeticGMW), garbled
  // (Yao), or, as factors, of the arithmetic protocol that is chosen at the start: ArithmeticGMW or
  // ArithmeticBEAVY.
  Outputs build(Backend& backend, std::size_t n) const override {
    const int party = backend.party();
    // share: [n, 3, 3, 1, 8], 17 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 ReadVariableOp)
    const TensorCP t0 = backend.add_share_input(0, Shape{n, 3, 3, 1, 8});
    // public: [3, 3, 1, 8], 17 fractional bits, public (keras_fed_avg.py:73)
    const TensorCP t1 = backend.add_public_input(0, Shape{3, 3, 1, 8});
    // sub: [n, 3, 3, 1, 8], 17 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sub)
    const TensorCP t2 = make_linear_op(backend, {t1, t0}, Shape{n, 3, 3, 1, 8}, [party](const Tensors& x) { return sub(public_share(x[0], party), x[1]); });
    // share: [n, 8], 19 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 ReadVariableOp)
    const TensorCP t3 = backend.add_share_input(1, Shape{n, 8});
    // public: [8], 19 fractional bits, public (keras_fed_avg.py:73)
    const TensorCP t4 = backend.add_public_input(1, Shape{8});
    // sub: [n, 8], 19 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sub)
    const TensorCP t5 = make_linear_op(backend, {t4, t3}, Shape{n, 8}, [party](const Tensors& x) { return sub(public_share(x[0], party), x[1]); });
    // share: [n, 72, 10], 16 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 ReadVariableOp)
    const TensorCP t6 = backend.add_share_input(2, Shape{n, 72, 10});
    // public: [72, 10], 16 fractional bits, public (keras_fed_avg.py:73)
    const TensorCP t7 = backend.add_public_input(2, Shape{72, 10});
    // sub: [n, 72, 10], 16 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sub)
    const TensorCP t8 = make_linear_op(backend, {t7, t6}, Shape{n, 72, 10}, [party](const Tensors& x) { return sub(public_share(x[0], party), x[1]); });
    // share: [n, 10], 18 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 ReadVariableOp)
    const TensorCP t9 = backend.add_share_input(3, Shape{n, 10});
    // public: [10], 18 fractional bits, public (keras_fed_avg.py:73)
    const TensorCP t10 = backend.add_public_input(3, Shape{10});
    // sub: [n, 10], 18 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sub)
    const TensorCP t11 = make_linear_op(backend, {t10, t9}, Shape{n, 10}, [party](const Tensors& x) { return sub(public_share(x[0], party), x[1]); });
    // share: [n], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 ReduceDataset)
    const TensorCP t12 = backend.add_share_input(4, Shape{n});
    // share: [n], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 ReadVariableOp)
    const TensorCP t13 = backend.add_share_input(5, Shape{n});
    // share: [n], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 ReadVariableOp)
    const TensorCP t14 = backend.add_share_input(6, Shape{n});
    // share: [n], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 ReadVariableOp)
    const TensorCP t15 = backend.add_share_input(7, Shape{n});
    // share: [n], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 ReadVariableOp)
    const TensorCP t16 = backend.add_share_input(8, Shape{n});
    // share: [n], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 ReadVariableOp)
    const TensorCP t17 = backend.add_share_input(9, Shape{n});
    // share: [n], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 ReadVariableOp)
    const TensorCP t18 = backend.add_share_input(10, Shape{n});
    // sum: [], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 federated_sum)
    const TensorCP t19 = make_linear_op(backend, {t13}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // sum: [], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 federated_sum)
    const TensorCP t20 = make_linear_op(backend, {t14}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // sum: [], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 federated_sum)
    const TensorCP t21 = make_linear_op(backend, {t15}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // sum: [], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 federated_sum)
    const TensorCP t22 = make_linear_op(backend, {t16}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // sum: [], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 federated_sum)
    const TensorCP t23 = make_linear_op(backend, {t17}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // sum: [], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 federated_sum)
    const TensorCP t24 = make_linear_op(backend, {t18}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // proved_product: [n], 34 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t25 = backend.add_share_input(11, Shape{n});
    // sub: [n, 3, 3, 1, 8], 17 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t26 = make_linear_op(backend, {t0, t2}, Shape{n, 3, 3, 1, 8}, [](const Tensors& x) { return sub(x[0], x[1]); });
    // reshape: [n, 72], 17 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t27 = make_linear_op(backend, {t26}, Shape{n, 72}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 72}); });
    // broadcast: [1, 3, 3, 1, 8], 17 fractional bits, public (keras_fed_avg.py:73 Sum)
    const TensorCP t28 = make_linear_op(backend, {t1}, Shape{1, 3, 3, 1, 8}, [](const Tensors& x) { return broadcast_to(x[0], Shape{1, 3, 3, 1, 8}); });
    // reshape: [72, 1], 17 fractional bits, public (keras_fed_avg.py:73 Sum)
    const TensorCP t29 = make_linear_op(backend, {t28}, Shape{72, 1}, [](const Tensors& x) { return reshape(x[0], Shape{72, 1}); });
    // matmul_public: [n, 1], 34 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t30 = make_linear_op(backend, {t27, t29}, Shape{n, 1}, [](const Tensors& x) { return matmul(x[0], x[1]); });
    // reshape: [n], 34 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t31 = make_linear_op(backend, {t30}, Shape{n}, [n](const Tensors& x) { return reshape(x[0], Shape{n}); });
    // sub: [n], 34 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t32 = make_linear_op(backend, {t25, t31}, Shape{n}, [](const Tensors& x) { return sub(x[0], x[1]); });
    // mask: [n, 8], 19 fractional bits, of the arithmetic protocol (keras_fed_avg.py:73 Sum)
    const TensorCP t33 = backend.convert(backend.arithmetic(), t5);
    // square_sum: [n], 38 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t34 = make_square_sum_op(backend, t33);
    // reshape: [n, 1], 38 fractional bits, ArithmeticGMW
    const TensorCP t35 = make_linear_op(backend, {t34}, Shape{n, 1}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // proved_product: [n], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t36 = backend.add_share_input(12, Shape{n});
    // sub: [n, 72, 10], 16 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t37 = make_linear_op(backend, {t6, t8}, Shape{n, 72, 10}, [](const Tensors& x) { return sub(x[0], x[1]); });
    // reshape: [n, 720], 16 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t38 = make_linear_op(backend, {t37}, Shape{n, 720}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 720}); });
    // broadcast: [1, 72, 10], 16 fractional bits, public (keras_fed_avg.py:73 Sum)
    const TensorCP t39 = make_linear_op(backend, {t7}, Shape{1, 72, 10}, [](const Tensors& x) { return broadcast_to(x[0], Shape{1, 72, 10}); });
    // reshape: [720, 1], 16 fractional bits, public (keras_fed_avg.py:73 Sum)
    const TensorCP t40 = make_linear_op(backend, {t39}, Shape{720, 1}, [](const Tensors& x) { return reshape(x[0], Shape{720, 1}); });
    // matmul_public: [n, 1], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t41 = make_linear_op(backend, {t38, t40}, Shape{n, 1}, [](const Tensors& x) { return matmul(x[0], x[1]); });
    // reshape: [n], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t42 = make_linear_op(backend, {t41}, Shape{n}, [n](const Tensors& x) { return reshape(x[0], Shape{n}); });
    // sub: [n], 32 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t43 = make_linear_op(backend, {t36, t42}, Shape{n}, [](const Tensors& x) { return sub(x[0], x[1]); });
    // proved_product: [n], 36 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t44 = backend.add_share_input(13, Shape{n});
    // sub: [n, 10], 18 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t45 = make_linear_op(backend, {t9, t11}, Shape{n, 10}, [](const Tensors& x) { return sub(x[0], x[1]); });
    // reshape: [n, 10], 18 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t46 = make_linear_op(backend, {t45}, Shape{n, 10}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 10}); });
    // broadcast: [1, 10], 18 fractional bits, public (keras_fed_avg.py:73 Sum)
    const TensorCP t47 = make_linear_op(backend, {t10}, Shape{1, 10}, [](const Tensors& x) { return broadcast_to(x[0], Shape{1, 10}); });
    // reshape: [10, 1], 18 fractional bits, public (keras_fed_avg.py:73 Sum)
    const TensorCP t48 = make_linear_op(backend, {t47}, Shape{10, 1}, [](const Tensors& x) { return reshape(x[0], Shape{10, 1}); });
    // matmul_public: [n, 1], 36 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t49 = make_linear_op(backend, {t46, t48}, Shape{n, 1}, [](const Tensors& x) { return matmul(x[0], x[1]); });
    // reshape: [n], 36 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t50 = make_linear_op(backend, {t49}, Shape{n}, [n](const Tensors& x) { return reshape(x[0], Shape{n}); });
    // sub: [n], 36 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t51 = make_linear_op(backend, {t44, t50}, Shape{n}, [](const Tensors& x) { return sub(x[0], x[1]); });
    // reshape: [n, 1], 36 fractional bits, ArithmeticGMW
    const TensorCP t52 = make_linear_op(backend, {t51}, Shape{n, 1}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape: [n, 1], 34 fractional bits, ArithmeticGMW
    const TensorCP t53 = make_linear_op(backend, {t32}, Shape{n, 1}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape: [n, 1], 32 fractional bits, ArithmeticGMW
    const TensorCP t54 = make_linear_op(backend, {t43}, Shape{n, 1}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // widen: [n, 1], 38 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Pack)
    const TensorCP t55 = make_linear_op(backend, {t53}, Shape{n, 1}, [](const Tensors& x) { return shift_left(x[0], 4); });
    // widen: [n, 1], 38 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Pack)
    const TensorCP t56 = make_linear_op(backend, {t54}, Shape{n, 1}, [](const Tensors& x) { return shift_left(x[0], 6); });
    // widen: [n, 1], 38 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Pack)
    const TensorCP t57 = make_linear_op(backend, {t52}, Shape{n, 1}, [](const Tensors& x) { return shift_left(x[0], 2); });
    // concat: [n, 4], 38 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Pack)
    const TensorCP t58 = make_linear_op(backend, {t55, t35, t56, t57}, Shape{n, 4}, [](const Tensors& x) { return concat(1, x[0], x[1], x[2], x[3]); });
    // sum: [n], 38 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sum)
    const TensorCP t59 = make_linear_op(backend, {t58}, Shape{n}, [](const Tensors& x) { return sum(x[0], {1}); });
    // reshape: [n, 1, 1, 1, 1], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Mul)
    const TensorCP t60 = make_linear_op(backend, {t12}, Shape{n, 1, 1, 1, 1}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1, 1, 1}); });
    // reshape: [n, 1], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Mul)
    const TensorCP t61 = make_linear_op(backend, {t12}, Shape{n, 1}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape: [n, 1, 1], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Mul)
    const TensorCP t62 = make_linear_op(backend, {t12}, Shape{n, 1, 1}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1}); });
    // sum: [], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 federated_sum)
    const TensorCP t63 = make_linear_op(backend, {t12}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // to_yao: [], fixed 59 32, Yao (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t64 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t20), 59);
    // to_yao: [], fixed 59 32, Yao (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t65 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t19), 59);
    // to_yao: [], fixed 59 32, Yao (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t66 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t22), 59);
    // to_yao: [], fixed 59 32, Yao (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t67 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t21), 59);
    // to_yao: [], fixed 38 0, Yao (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t68 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t63), 38);
    // circuit: [], fixed 63 47, Yao; [], fixed 63 47, Yao; [], float 24 9, Yao; [], fixed 2 0, Yao (keras_fed_avg.py:73 DivNoNan)
    const TensorCPs outputs_of_t69 = make_circuit_op(backend, circuit_div_no_nan_mul_reciprocal, {t64, t65, t66, t67, t68});
    const TensorCP& t69 = outputs_of_t69[0];
    const TensorCP& t70 = outputs_of_t69[1];
    const TensorCP& t71 = outputs_of_t69[2];
    const TensorCP& t72 = outputs_of_t69[3];
    // from_yao: [], 47 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t73 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t69));
    // from_yao: [], 47 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t74 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t70));
    // from_yao: [], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t75 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t72));
    // to_yao: [n], fixed 60 38, Yao (keras_fed_avg.py:73 Sqrt)
    const TensorCP t76 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t59), 60);
    // circuit: [n], bit, Yao; [n], float 24 9, Yao; [n], fixed 2 0, Yao (keras_fed_avg.py:73 Sqrt)
    const TensorCPs outputs_of_t77 = make_circuit_op(backend, circuit_sqrt_greater_rsqrt_cast, {t76});
    const TensorCP& t77 = outputs_of_t77[0];
    const TensorCP& t78 = outputs_of_t77[1];
    const TensorCP& t79 = outputs_of_t77[2];
    // from_yao: [n], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Cast)
    const TensorCP t80 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t79));
    // reshape: [n, 1, 1, 1, 1], float 24 9, Yao (keras_fed_avg.py:73 RealDiv)
    const TensorCP t81 = make_move_op(backend, {t78}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1, 1, 1}); });
    // reshape: [n, 1], float 24 9, Yao (keras_fed_avg.py:73 RealDiv)
    const TensorCP t82 = make_move_op(backend, {t78}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape: [n, 1, 1], float 24 9, Yao (keras_fed_avg.py:73 RealDiv)
    const TensorCP t83 = make_move_op(backend, {t78}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1}); });
    // reshape: [n, 1, 1, 1, 1], bit, Yao (keras_fed_avg.py:73 StatelessIf)
    const TensorCP t84 = make_move_op(backend, {t77}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1, 1, 1}); });
    // reshape: [n, 1], bit, Yao (keras_fed_avg.py:73 StatelessIf)
    const TensorCP t85 = make_move_op(backend, {t77}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1}); });
    // reshape: [n, 1, 1], bit, Yao (keras_fed_avg.py:73 StatelessIf)
    const TensorCP t86 = make_move_op(backend, {t77}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 1, 1}); });
    // reshape: [1, 1], float 24 9, Yao (keras_fed_avg.py:73 RealDiv)
    const TensorCP t87 = make_move_op(backend, {t71}, [](const Tensors& x) { return reshape(x[0], Shape{1, 1}); });
    // sum: [], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:76 federated_sum)
    const TensorCP t88 = make_linear_op(backend, {t80}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // to_yao: [n, 1, 1, 1, 1], fixed 33 0, Yao (keras_fed_avg.py:73 StatelessIf)
    const TensorCP t89 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t60), 33);
    // circuit: [n, 1, 1, 1, 1], float 24 9, Yao (keras_fed_avg.py:73 StatelessIf)
    const TensorCPs outputs_of_t90 = make_circuit_op(backend, circuit_select_mul, {t84, t81, t89});
    const TensorCP& t90 = outputs_of_t90[0];
    // to_yao: [n, 1], fixed 33 0, Yao (keras_fed_avg.py:73 StatelessIf)
    const TensorCP t91 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t61), 33);
    // circuit: [n, 1], float 24 9, Yao (keras_fed_avg.py:73 StatelessIf)
    const TensorCPs outputs_of_t92 = make_circuit_op(backend, circuit_select_mul_2, {t85, t82, t91});
    const TensorCP& t92 = outputs_of_t92[0];
    // to_yao: [n, 1, 1], fixed 33 0, Yao (keras_fed_avg.py:73 StatelessIf)
    const TensorCP t93 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t62), 33);
    // circuit: [n, 1, 1], float 24 9, Yao (keras_fed_avg.py:73 StatelessIf)
    const TensorCPs outputs_of_t94 = make_circuit_op(backend, circuit_select_mul_3, {t86, t83, t93});
    const TensorCP& t94 = outputs_of_t94[0];
    // reshape: [1, n], float 24 9, Yao (keras_fed_avg.py:73 federated_sum)
    const TensorCP t95 = make_move_op(backend, {t90}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // reshape: [1, n], float 24 9, Yao (keras_fed_avg.py:73 federated_sum)
    const TensorCP t96 = make_move_op(backend, {t92}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // reshape: [1, n], float 24 9, Yao (keras_fed_avg.py:73 federated_sum)
    const TensorCP t97 = make_move_op(backend, {t94}, [n](const Tensors& x) { return reshape(x[0], Shape{1, n}); });
    // broadcast: [1, n], float 24 9, Yao (keras_fed_avg.py:73 Sub)
    const TensorCP t98 = make_move_op(backend, {t87}, [n](const Tensors& x) { return broadcast_to(x[0], Shape{1, n}); });
    // circuit: [1, n], fixed 34 23, Yao; [1, n], fixed 35 24, Yao; [1, n], fixed 34 23, Yao; [1, n], fixed 2 0, Yao (keras_fed_avg.py:73 Sub)
    const TensorCPs outputs_of_t99 = make_circuit_op(backend, circuit_mul, {t95, t98, t96, t97});
    const TensorCP& t99 = outputs_of_t99[0];
    const TensorCP& t100 = outputs_of_t99[1];
    const TensorCP& t101 = outputs_of_t99[2];
    const TensorCP& t102 = outputs_of_t99[3];
    // from_yao: [1, n], 23 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sub)
    const TensorCP t103 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t99));
    // from_yao: [1, n], 24 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sub)
    const TensorCP t104 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t100));
    // from_yao: [1, n], 23 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sub)
    const TensorCP t105 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t101));
    // from_yao: [1, n], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sqrt)
    const TensorCP t106 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t102));
    // sum: [n], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sqrt)
    const TensorCP t107 = make_linear_op(backend, {t106}, Shape{n}, [](const Tensors& x) { return sum(x[0], {0}); });
    // mask: [1, n], 23 fractional bits, of the arithmetic protocol (keras_fed_avg.py:73 Sub)
    const TensorCP t108 = backend.convert(backend.arithmetic(), t103);
    // mask: [n, 3, 3, 1, 8], 17 fractional bits, of the arithmetic protocol (keras_fed_avg.py:73 Sub)
    const TensorCP t109 = backend.convert(backend.arithmetic(), t2);
    // reshape: [n, 72], 17 fractional bits, of the arithmetic protocol (keras_fed_avg.py:73 Sub)
    const TensorCP t110 = make_linear_op(backend, {t109}, Shape{n, 72}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 72}); });
    // product: [1, 72], 40 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sub)
    const TensorCP t111 = make_gemm_op(backend, t108, t110);
    // mask: [1, n], 24 fractional bits, of the arithmetic protocol (keras_fed_avg.py:73 Sub)
    const TensorCP t112 = backend.convert(backend.arithmetic(), t104);
    // product: [1, 8], 43 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sub)
    const TensorCP t113 = make_gemm_op(backend, t112, t33);
    // mask: [1, n], 23 fractional bits, of the arithmetic protocol (keras_fed_avg.py:73 Sub)
    const TensorCP t114 = backend.convert(backend.arithmetic(), t105);
    // mask: [n, 72, 10], 16 fractional bits, of the arithmetic protocol (keras_fed_avg.py:73 Sub)
    const TensorCP t115 = backend.convert(backend.arithmetic(), t8);
    // reshape: [n, 720], 16 fractional bits, of the arithmetic protocol (keras_fed_avg.py:73 Sub)
    const TensorCP t116 = make_linear_op(backend, {t115}, Shape{n, 720}, [n](const Tensors& x) { return reshape(x[0], Shape{n, 720}); });
    // product: [1, 720], 39 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sub)
    const TensorCP t117 = make_gemm_op(backend, t114, t116);
    // mask: [n, 10], 18 fractional bits, of the arithmetic protocol (keras_fed_avg.py:73 Sub)
    const TensorCP t118 = backend.convert(backend.arithmetic(), t11);
    // product: [1, 10], 42 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sub)
    const TensorCP t119 = make_gemm_op(backend, t112, t118);
    // public: [], 0 fractional bits, public (keras_fed_avg.py:73)
    const TensorCP t120 = backend.add_public_input(4, Shape{});
    // mul_public: [1, 72], 40 fractional bits, ArithmeticGMW (keras_fed_avg.py:73)
    const TensorCP t121 = make_linear_op(backend, {t111, t120}, Shape{1, 72}, [](const Tensors& x) { return mul(x[0], x[1]); });
    // mul_public: [1, 8], 43 fractional bits, ArithmeticGMW (keras_fed_avg.py:73)
    const TensorCP t122 = make_linear_op(backend, {t113, t120}, Shape{1, 8}, [](const Tensors& x) { return mul(x[0], x[1]); });
    // mul_public: [1, 720], 39 fractional bits, ArithmeticGMW (keras_fed_avg.py:73)
    const TensorCP t123 = make_linear_op(backend, {t117, t120}, Shape{1, 720}, [](const Tensors& x) { return mul(x[0], x[1]); });
    // mul_public: [1, 10], 42 fractional bits, ArithmeticGMW (keras_fed_avg.py:73)
    const TensorCP t124 = make_linear_op(backend, {t119, t120}, Shape{1, 10}, [](const Tensors& x) { return mul(x[0], x[1]); });
    // open: [n], 0 fractional bits, public (keras_fed_avg.py:73 Sqrt)
    const TensorCP t125 = make_opening_op(backend, t107);
    // sum: [], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 Sqrt)
    const TensorCP t126 = make_linear_op(backend, {t107}, Shape{}, [](const Tensors& x) { return sum(x[0], {0}); });
    // to_yao: [], fixed 1 0, Yao (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t127 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t75), 1);
    // to_yao: [], fixed 5 0, Yao (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t128 = make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t126), 5);
    // circuit: [], fixed 2 0, Yao (keras_fed_avg.py:73 DivNoNan)
    const TensorCPs outputs_of_t129 = make_circuit_op(backend, circuit_any_1_unless_5, {t127, t128});
    const TensorCP& t129 = outputs_of_t129[0];
    // from_yao: [], 0 fractional bits, ArithmeticGMW (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t130 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t129));
    // open: [], 0 fractional bits, public (keras_fed_avg.py:73 DivNoNan)
    const TensorCP t131 = make_opening_op(backend, t130);
    // Counts are opened and judged first, then the results to so many significant bits.
    return {.counts = {t125, t131},
            .results = {{t23, kExact}, {t24, kExact}, {t73, 24U}, {t74, 24U}, {t88, kExact}, {t121, 24U}, {t122, 24U}, {t123, 24U}, {t124, 24U}}};
  }

  const Circuit circuit_div_no_nan_mul_reciprocal = load_circuit(CIRCUITS_DIR "/div_no_nan_mul_reciprocal.txt");
  const Circuit circuit_sqrt_greater_rsqrt_cast = load_circuit(CIRCUITS_DIR "/sqrt_greater_rsqrt_cast.txt");
  const Circuit circuit_select_mul = load_circuit(CIRCUITS_DIR "/select_mul.txt");
  const Circuit circuit_select_mul_2 = load_circuit(CIRCUITS_DIR "/select_mul_2.txt");
  const Circuit circuit_select_mul_3 = load_circuit(CIRCUITS_DIR "/select_mul_3.txt");
  const Circuit circuit_mul = load_circuit(CIRCUITS_DIR "/mul.txt");
  const Circuit circuit_any_1_unless_5 = load_circuit(CIRCUITS_DIR "/any_1_unless_5.txt");
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "process",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
        {"Sqrt at keras_fed_avg.py:73 (|x| <= 1.02e+03) is not finite for its values, or beyond the range that the program was compiled for", "Sqrt at keras_fed_avg.py:73 (|x| <= 1.02e+03): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
        {"", "DivNoNan (|x| <= 3.28e+04) at keras_fed_avg.py:73 (DivNoNan): the result is infinite or not a number, because a secret divisor or norm is zero (or a root's operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or guard the division with tf.where or a small positive constant."},
    },
    .outputs = {
        {"opened0", 0},
        {"opened1", 0},
        {"opened2", 47},
        {"opened3", 47},
        {"opened4", 0},
        {"opened5", 40},
        {"opened6", 43},
        {"opened7", 39},
        {"opened8", 42},
    },
};

std::unique_ptr<ezmotion::Program> make(MPCProtocol arithmetic, std::size_t threads) {
  return std::make_unique<ProcessProgram>(arithmetic, threads);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() {
  return new ProcessProgram(MPCProtocol::ArithmeticGMW);
}

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }
