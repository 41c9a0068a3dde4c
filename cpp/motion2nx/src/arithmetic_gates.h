// Operations on arithmetic shares that the framework lacks, as gates of its graphs.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "crypto/arithmetic_provider.h"
#include "ezmotion/graph.h"
#include "gate/new_gate.h"
#include "protocols/beavy/beavy_provider.h"
#include "protocols/beavy/tensor.h"
#include "protocols/gmw/tensor.h"

namespace ezmotion {

using GmwTensor = MOTION::proto::gmw::ArithmeticGMWTensor<Ring>;
using BeavyTensor = MOTION::proto::beavy::ArithmeticBEAVYTensor<Ring>;

inline Tensor<Ring> to_tensor(const Shape& shape, const std::vector<Ring>& data) {
  return {shape, duet::SecretVector<Ring>(data.begin(), data.end())};
}

inline std::vector<Ring> to_vector(const Tensor<Ring>& tensor) {
  return {tensor.data.begin(), tensor.data.end()};
}

// A local function of the operands' shares.
class GmwMap final : public MOTION::NewGate {
 public:
  using Inputs = std::vector<std::pair<Shape, std::shared_ptr<const GmwTensor>>>;

  GmwMap(std::size_t gate_id, Inputs inputs, LinearFunction function,
         std::shared_ptr<GmwTensor> output)
      : NewGate(gate_id),
        inputs_(std::move(inputs)),
        function_(std::move(function)),
        output_(std::move(output)) {}

  bool need_setup() const noexcept override { return false; }
  bool need_online() const noexcept override { return true; }
  void evaluate_setup() override {}
  void evaluate_online() override {
    Tensors shares;
    for (const auto& [shape, tensor] : inputs_) {
      tensor->wait_online();
      shares.push_back(to_tensor(shape, tensor->get_share()));
    }
    output_->get_share() = to_vector(function_(shares));
    output_->set_online_ready();
  }

 private:
  Inputs inputs_;
  LinearFunction function_;
  std::shared_ptr<GmwTensor> output_;
};

// The same in ABY2.0, where a value is Δ - δ_0 - δ_1: a function of the δ in the setup phase and of
// the Δ online.
class BeavyMap final : public MOTION::NewGate {
 public:
  using Inputs = std::vector<std::pair<Shape, std::shared_ptr<const BeavyTensor>>>;

  BeavyMap(std::size_t gate_id, Inputs inputs, LinearFunction on_secret, LinearFunction on_public,
           std::shared_ptr<BeavyTensor> output)
      : NewGate(gate_id),
        inputs_(std::move(inputs)),
        on_secret_(std::move(on_secret)),
        on_public_(std::move(on_public)),
        output_(std::move(output)) {}

  bool need_setup() const noexcept override { return true; }
  bool need_online() const noexcept override { return true; }
  void evaluate_setup() override {
    Tensors shares;
    for (const auto& [shape, tensor] : inputs_) {
      tensor->wait_setup();
      shares.push_back(to_tensor(shape, tensor->get_secret_share()));
    }
    output_->get_secret_share() = to_vector(on_secret_(shares));
    output_->set_setup_ready();
  }
  void evaluate_online() override {
    Tensors shares;
    for (const auto& [shape, tensor] : inputs_) {
      tensor->wait_online();
      shares.push_back(to_tensor(shape, tensor->get_public_share()));
    }
    output_->get_public_share() = to_vector(on_public_(shares));
    output_->set_online_ready();
  }

 private:
  Inputs inputs_;
  LinearFunction on_secret_;
  LinearFunction on_public_;
  std::shared_ptr<BeavyTensor> output_;
};

// Squares in ABY2.0. The framework multiplies a value with itself, in both directions; but of
//     (Δ - δ)² = Δ² - 2Δδ + δ²  with  δ² = δ_0² + 2·δ_0·δ_1 + δ_1²
// only δ_0·δ_1 takes oblivious transfers, and in one direction.
class BeavySquare final : public MOTION::NewGate {
 public:
  BeavySquare(std::size_t gate_id, MOTION::proto::beavy::BEAVYProvider& provider,
              std::shared_ptr<const BeavyTensor> input, std::shared_ptr<BeavyTensor> output);
  ~BeavySquare() override;

  bool need_setup() const noexcept override { return true; }
  bool need_online() const noexcept override { return true; }
  void evaluate_setup() override;
  void evaluate_online() override;

 private:
  MOTION::proto::beavy::BEAVYProvider& provider_;
  std::shared_ptr<const BeavyTensor> input_;
  std::shared_ptr<BeavyTensor> output_;
  ENCRYPTO::ReusableFiberFuture<std::vector<Ring>> other_share_;
  std::unique_ptr<MOTION::IntegerMultiplicationSender<Ring>> sender_;      // of party 0
  std::unique_ptr<MOTION::IntegerMultiplicationReceiver<Ring>> receiver_;  // of party 1
  std::vector<Ring> squares_;  // this server's share of δ², plus the δ of the result
};

}  // namespace ezmotion
