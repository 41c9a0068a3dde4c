// Gates on additive shares, masked values and public ones. Those that send use the session's
// kernels: products of masks by oblivious transfer with payloads as narrow as their place allows,
// or by lattice encryption, where the framework's cost 64 transfers of 64 bits.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "duet/mask.h"
#include "duet/masked.h"
#include "duet/open_arith.h"
#include "duet/product.h"
#include "duet/square.h"
#include "ezmotion/connection.h"
#include "ezmotion/operations.h"
#include "gate/new_gate.h"
#include "tensors.h"

namespace ezmotion {

// Gates that have nothing to do before there are inputs.
class OnlineGate : public MOTION::NewGate {
 public:
  using NewGate::NewGate;
  bool need_setup() const noexcept override { return false; }
  bool need_online() const noexcept override { return true; }
  void evaluate_setup() override {}
};

class TwoPhaseGate : public MOTION::NewGate {
 public:
  using NewGate::NewGate;
  bool need_setup() const noexcept override { return true; }
  bool need_online() const noexcept override { return true; }
};

// A linear function of additive shares and public values; `Output` is GmwTensor or PublicTensor.
template <class Output>
class LinearMap final : public OnlineGate {
 public:
  using Inputs = std::vector<std::pair<Shape, TensorCP>>;

  LinearMap(std::size_t gate_id, Inputs inputs, Shape shape, LinearFunction function,
            std::shared_ptr<Output> output);
  void evaluate_online() override;

 private:
  Inputs inputs_;
  Shape shape_;
  LinearFunction function_;
  std::shared_ptr<Output> output_;
};

extern template class LinearMap<GmwTensor>;
extern template class LinearMap<PublicTensor>;

// A linear function of masked values: of the masks in the setup phase and of the Δ online.
class MaskedMap final : public TwoPhaseGate {
 public:
  using Inputs = std::vector<std::pair<Shape, std::shared_ptr<const BeavyTensor>>>;

  MaskedMap(std::size_t gate_id, Inputs inputs, Shape shape, LinearFunction function,
            std::shared_ptr<BeavyTensor> output);
  void evaluate_setup() override;
  void evaluate_online() override;

 private:
  Inputs inputs_;
  Shape shape_;
  LinearFunction function_;
  std::shared_ptr<BeavyTensor> output_;
};

// Additive shares to a masked value: both servers send x_p + δ_p.
class MaskGate final : public TwoPhaseGate {
 public:
  MaskGate(std::size_t gate_id, Connection& connection, Shape shape,
           std::shared_ptr<const GmwTensor> input, std::shared_ptr<BeavyTensor> output);
  void evaluate_setup() override;
  void evaluate_online() override;

 private:
  Connection& connection_;
  Shape shape_;
  std::shared_ptr<const GmwTensor> input_;
  std::shared_ptr<BeavyTensor> output_;
  duet::Mask kernel_;
};

// A masked value to additive shares: Δ - δ_0 and -δ_1.
class UnmaskGate final : public OnlineGate {
 public:
  UnmaskGate(std::size_t gate_id, int party, Shape shape, std::shared_ptr<const BeavyTensor> input,
             std::shared_ptr<GmwTensor> output);
  void evaluate_online() override;

 private:
  int party_;
  Shape shape_;
  std::shared_ptr<const BeavyTensor> input_;
  std::shared_ptr<GmwTensor> output_;
};

// A product, or a sum of squares, of masked values, as additive shares.
template <class Kernel>
class ProductGate final : public TwoPhaseGate {
 public:
  using Inputs = std::vector<std::pair<Shape, std::shared_ptr<const BeavyTensor>>>;

  ProductGate(std::size_t gate_id, Connection& connection, Inputs inputs,
              std::shared_ptr<GmwTensor> output);
  void evaluate_setup() override;
  void evaluate_online() override;

 private:
  Connection& connection_;
  Inputs inputs_;
  std::shared_ptr<GmwTensor> output_;
  Kernel kernel_;
};

extern template class ProductGate<duet::Product>;
extern template class ProductGate<duet::Square>;

// Additive shares to a public value.
class OpeningGate final : public OnlineGate {
 public:
  OpeningGate(std::size_t gate_id, Connection& connection, Shape shape,
              std::shared_ptr<const GmwTensor> input, std::shared_ptr<PublicTensor> output);
  void evaluate_online() override;

 private:
  Connection& connection_;
  Shape shape_;
  std::shared_ptr<const GmwTensor> input_;
  std::shared_ptr<PublicTensor> output_;
};

}  // namespace ezmotion
