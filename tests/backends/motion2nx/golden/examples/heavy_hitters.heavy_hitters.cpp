// heavy_hitters, for 30 clients at most, on MOTION2NX.
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

class HeavyHittersProgram final : public ezmotion::Program {
 public:
  using Program::Program;

  const char* name() const override { return "heavy_hitters"; }

 private:
  // Values that both servers know are public. Others are additive shares (ArithmeticGMW), garbled
  // (Yao), or, as factors, of the arithmetic protocol that is chosen at the start: ArithmeticGMW or
  // ArithmeticBEAVY.
  Outputs build(Backend& backend, std::size_t n) const override {
    const int party = backend.party();
    // share: [n, 3, 18, 6], 0 fractional bits, ArithmeticGMW (heavy_hitters.py:17 Reshape)
    const TensorCP t0 = backend.add_share_input(0, Shape{n, 3, 18, 6});
    // share: [n, 3, 18, 1], 0 fractional bits, ArithmeticGMW (heavy_hitters.py:17 Reshape)
    const TensorCP t1 = backend.add_share_input(1, Shape{n, 3, 18, 1});
    // sum: [3, 18, 6], 0 fractional bits, ArithmeticGMW (heavy_hitters.py:17 federated_sum)
    const TensorCP t2 = make_linear_op(backend, {t0}, Shape{3, 18, 6}, [](const Tensors& x) { return sum(x[0], {0}); });
    // sum: [3, 18, 1], 0 fractional bits, ArithmeticGMW (heavy_hitters.py:17 federated_sum)
    const TensorCP t3 = make_linear_op(backend, {t1}, Shape{3, 18, 1}, [](const Tensors& x) { return sum(x[0], {0}); });
    // widen: [3, 18, 6], 1 fractional bits, ArithmeticGMW (heavy_hitters.py:17 FloorMod)
    const TensorCP t4 = make_linear_op(backend, {t2}, Shape{3, 18, 6}, [](const Tensors& x) { return shift_left(x[0], 1); });
    // constant: [], 1 fractional bits, public (heavy_hitters.py:17 FloorMod)
    const TensorCP t5 = make_constant_op(backend, Tensor<Ring>(Shape{}, {1U}));
    // add: [3, 18, 6], 1 fractional bits, ArithmeticGMW (heavy_hitters.py:17 FloorMod)
    const TensorCP t6 = make_linear_op(backend, {t4, t5}, Shape{3, 18, 6}, [party](const Tensors& x) { return add(x[0], public_share(x[1], party)); });
    // constant: [1, 1, 1], 51 fractional bits, public (heavy_hitters.py:17 FloorMod)
    const TensorCP t7 = make_constant_op(backend, Tensor<Ring>(Shape{1, 1, 1}, {1048576U}));
    // mul_public: [3, 18, 6], 52 fractional bits, ArithmeticGMW (heavy_hitters.py:17 FloorMod)
    const TensorCP t8 = make_linear_op(backend, {t6, t7}, Shape{3, 18, 6}, [](const Tensors& x) { return mul(x[0], x[1]); });
    // to_yao: [3, 18, 6], fixed 64 52, Yao (heavy_hitters.py:17 FloorMod)
    const TensorCP t9 = backend.convert(MPCProtocol::Yao, t8);
    // circuit: [3, 18, 6], fixed 13 0, Yao (heavy_hitters.py:17 FloorMod)
    const TensorCPs outputs_of_t10 = make_circuit_op(backend, circuit_floor_cast, {t9});
    const TensorCP& t10 = outputs_of_t10[0];
    // from_yao: [3, 18, 6], 0 fractional bits, ArithmeticGMW (heavy_hitters.py:17 FloorMod)
    const TensorCP t11 = backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, t10));
    // constant: [1, 1, 1], 0 fractional bits, public (heavy_hitters.py:17 FloorMod)
    const TensorCP t12 = make_constant_op(backend, Tensor<Ring>(Shape{1, 1, 1}, {2147483647U}));
    // mul_public: [3, 18, 6], 0 fractional bits, ArithmeticGMW (heavy_hitters.py:17 FloorMod)
    const TensorCP t13 = make_linear_op(backend, {t11, t12}, Shape{3, 18, 6}, [](const Tensors& x) { return mul(x[0], x[1]); });
    // sub: [3, 18, 6], 0 fractional bits, ArithmeticGMW (heavy_hitters.py:17 FloorMod)
    const TensorCP t14 = make_linear_op(backend, {t2, t13}, Shape{3, 18, 6}, [](const Tensors& x) { return sub(x[0], x[1]); });
    // Counts are opened and judged first, then the results to so many significant bits.
    return {.counts = {},
            .results = {{t3, kExact}, {t14, kExact}}};
  }

  const Circuit circuit_floor_cast = load_circuit(CIRCUITS_DIR "/floor_cast.txt");
};

// What a server knows of the program beside what it computes.
const Terms kTerms = {
    .name = "heavy_hitters",
    .hash = PROGRAM_HASH,
    .min_clients = 2,
    .max_clients = 30,
    .exact = false,
    .drops = true,
    .checks = {
    },
    .outputs = {
        {"opened0", 0},
        {"opened1", 0},
    },
};

std::unique_ptr<ezmotion::Program> make(MPCProtocol arithmetic, std::size_t threads) {
  return std::make_unique<HeavyHittersProgram>(arithmetic, threads);
}

}  // namespace

// What EZPrivSecFL's servers load.
extern "C" duet::Program* duet_program() {
  return new HeavyHittersProgram(MPCProtocol::ArithmeticGMW);
}

// A server by itself: see docs/motion2nx.md.
int main(int argc, char* argv[]) { return serve(argc, argv, kTerms, make); }
