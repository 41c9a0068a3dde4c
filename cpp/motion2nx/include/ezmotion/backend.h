// The framework's tensor backend with its two phases apart: the setup phase runs before there are
// inputs.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/two_party_tensor_backend.h"
#include "duet/client_shares.h"
#include "duet/ring.h"
#include "duet/tensor.h"
#include "ezmotion/connection.h"
#include "tensor/tensor.h"
#include "utility/typedefs.h"

namespace MOTION {
struct ExecutionContext;
class NewGate;
}  // namespace MOTION

namespace ezmotion {

using duet::Ring;
using duet::Shape;
using duet::Tensor;
using MOTION::MPCProtocol;
using MOTION::tensor::TensorCP;
using Tensors = std::vector<Tensor<Ring>>;

class BaseOts;

// Both servers build the same graph of gates on it, in the same order, and run each phase once.
//
// Values are of one of four protocols: ArithmeticGMW (additive shares), ArithmeticBEAVY (masked
// values of ABY2.0), Yao, and ArithmeticPlain for what both servers know. Tensors of the framework
// have four dimensions; the backend knows the program's own shape of each.
class Backend final : public MOTION::TwoPartyTensorBackend {
 public:
  // `arithmetic`: what multiplies, and what values are converted to garbled ones from.
  // ArithmeticGMW or ArithmeticBEAVY; std::invalid_argument for another one. `threads`: 0 stands
  // for one for each core.
  Backend(Connection& connection, MPCProtocol arithmetic, std::size_t threads);
  ~Backend() override;

  Connection& connection() { return connection_; }
  int party() const { return static_cast<int>(my_id_); }
  MPCProtocol arithmetic() const { return arithmetic_; }

  // std::invalid_argument for a tensor of another backend.
  const Shape& shape(const TensorCP& x) const;

  // The framework's conversions, and those between additive shares and masked values, which it
  // lacks. With ArithmeticBEAVY, additive shares are masked before they are garbled, so that the
  // oblivious transfers for the evaluator's labels belong to the setup phase.
  TensorCP convert(MPCProtocol protocol, const TensorCP x) override;
  std::optional<MPCProtocol> convert_via(MPCProtocol from, MPCProtocol to) override;

  // This server's additive shares, and public values, by number; see run_online().
  TensorCP add_share_input(std::size_t number, const Shape& shape);
  TensorCP add_public_input(std::size_t number, const Shape& shape);

  // Everything that does not depend on inputs. `base_ots`: of all backends of one session.
  void run_setup(BaseOts& base_ots);

  // std::invalid_argument if an input has another shape than it was added with.
  void run_online(const duet::ClientShares& shares, const Tensors& publics);

  // After run_online(): this server's additive share of an ArithmeticGMW tensor, or the value of an
  // ArithmeticPlain one.
  Tensor<Ring> value(const TensorCP& x) const;

  // What operations (operations.h) need.
  std::size_t next_gate_id();
  void add(std::unique_ptr<MOTION::NewGate> gate);
  TensorCP with_shape(TensorCP x, Shape shape);
  std::uint64_t reserve_hash_indices(std::uint64_t count);
  MOTION::proto::yao::YaoProvider& yao() { return *yao_provider_; }

 private:
  using Run = std::function<void(MOTION::NewGate&, MOTION::ExecutionContext&)>;

  TensorCP masked(const TensorCP& x);
  TensorCP unmasked(const TensorCP& x);
  void run_gates(const Run& run);

  Connection& connection_;
  MPCProtocol arithmetic_;
  std::size_t threads_;
  std::uint64_t next_hash_index_;
  std::unordered_map<TensorCP, Shape> shapes_;
  std::vector<std::pair<std::size_t, TensorCP>> share_inputs_;
  std::vector<std::pair<std::size_t, TensorCP>> public_inputs_;
};

}  // namespace ezmotion
