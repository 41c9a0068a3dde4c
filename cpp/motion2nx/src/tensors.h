// The framework's tensors, and ours between them.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ezmotion/backend.h"
#include "protocols/beavy/tensor.h"
#include "protocols/gmw/tensor.h"
#include "protocols/yao/tensor.h"

namespace ezmotion {

using GmwTensor = MOTION::proto::gmw::ArithmeticGMWTensor<Ring>;
using BeavyTensor = MOTION::proto::beavy::ArithmeticBEAVYTensor<Ring>;
using YaoTensor = MOTION::proto::yao::YaoTensor;

inline MOTION::tensor::TensorDimensions row(std::size_t size) { return {1, 1, 1, size}; }

// What both servers know once they are online.
class PublicTensor final : public MOTION::tensor::Tensor {
 public:
  using Tensor::Tensor;
  MPCProtocol get_protocol() const noexcept override { return MPCProtocol::ArithmeticPlain; }
  std::size_t get_bit_size() const noexcept override { return 64; }
  std::vector<Ring>& get_values() { return values_; }
  const std::vector<Ring>& get_values() const { return values_; }

 private:
  std::vector<Ring> values_;
};

inline Tensor<Ring> to_tensor(const Shape& shape, const std::vector<Ring>& data) {
  return {shape, duet::SecretVector<Ring>(data.begin(), data.end())};
}

inline std::vector<Ring> to_vector(const Tensor<Ring>& tensor) {
  return {tensor.data.begin(), tensor.data.end()};
}

// The tensor as one of a protocol's class.
template <class Class>
std::shared_ptr<const Class> as(const TensorCP& x) {
  auto cast = std::dynamic_pointer_cast<const Class>(x);
  if (!cast) {
    throw std::invalid_argument("an operation does not take values of the protocol " +
                                MOTION::ToString(x->get_protocol()));
  }
  return cast;
}

}  // namespace ezmotion
