#include "arithmetic_gates.h"

#include <stdexcept>

namespace ezmotion {
namespace {

std::vector<Ring>& values_of(GmwTensor& tensor) { return tensor.get_share(); }
std::vector<Ring>& values_of(PublicTensor& tensor) { return tensor.get_values(); }

const std::vector<Ring>& known_of(const TensorCP& tensor) {
  if (const auto plain = std::dynamic_pointer_cast<const PublicTensor>(tensor)) {
    return plain->get_values();
  }
  return as<GmwTensor>(tensor)->get_share();
}

// What a function gives, if it has the shape that it was said to have.
std::vector<Ring> applied(const LinearFunction& function, const Tensors& x, const Shape& shape) {
  const Tensor<Ring> y = function(x);
  if (y.shape != shape) {
    throw std::invalid_argument("a linear function gives " + duet::shape_text(y.shape) +
                                " and not " + duet::shape_text(shape));
  }
  return to_vector(y);
}

duet::Masked masked(const Shape& shape, const BeavyTensor& x) {
  return {to_tensor(shape, x.get_public_share()), to_tensor(shape, x.get_secret_share())};
}

}  // namespace

template <class Output>
LinearMap<Output>::LinearMap(std::size_t gate_id, Inputs inputs, Shape shape,
                             LinearFunction function, std::shared_ptr<Output> output)
    : OnlineGate(gate_id),
      inputs_(std::move(inputs)),
      shape_(std::move(shape)),
      function_(std::move(function)),
      output_(std::move(output)) {}

template <class Output>
void LinearMap<Output>::evaluate_online() {
  Tensors x;
  for (const auto& [shape, tensor] : inputs_) {
    tensor->wait_online();
    x.push_back(to_tensor(shape, known_of(tensor)));
  }
  values_of(*output_) = applied(function_, x, shape_);
  output_->set_online_ready();
}

template class LinearMap<GmwTensor>;
template class LinearMap<PublicTensor>;

MaskedMap::MaskedMap(std::size_t gate_id, Inputs inputs, Shape shape, LinearFunction function,
                     std::shared_ptr<BeavyTensor> output)
    : TwoPhaseGate(gate_id),
      inputs_(std::move(inputs)),
      shape_(std::move(shape)),
      function_(std::move(function)),
      output_(std::move(output)) {}

void MaskedMap::evaluate_setup() {
  Tensors masks;
  for (const auto& [shape, tensor] : inputs_) {
    tensor->wait_setup();
    masks.push_back(to_tensor(shape, tensor->get_secret_share()));
  }
  output_->get_secret_share() = applied(function_, masks, shape_);
  output_->set_setup_ready();
}

void MaskedMap::evaluate_online() {
  Tensors sums;
  for (const auto& [shape, tensor] : inputs_) {
    tensor->wait_online();
    sums.push_back(to_tensor(shape, tensor->get_public_share()));
  }
  output_->get_public_share() = applied(function_, sums, shape_);
  output_->set_online_ready();
}

MaskGate::MaskGate(std::size_t gate_id, Connection& connection, Shape shape,
                   std::shared_ptr<const GmwTensor> input, std::shared_ptr<BeavyTensor> output)
    : TwoPhaseGate(gate_id),
      connection_(connection),
      shape_(std::move(shape)),
      input_(std::move(input)),
      output_(std::move(output)) {}

void MaskGate::evaluate_setup() {
  kernel_.setup(connection_.session(), shape_);
  output_->get_secret_share() = to_vector(kernel_.mask());
  output_->set_setup_ready();
}

void MaskGate::evaluate_online() {
  input_->wait_online();
  const Connection::SessionWork work(connection_);
  kernel_.send(connection_.session(), to_tensor(shape_, input_->get_share()));
  output_->get_public_share() = to_vector(kernel_.receive(connection_.session()).sum);
  output_->set_online_ready();
}

UnmaskGate::UnmaskGate(std::size_t gate_id, int party, Shape shape,
                       std::shared_ptr<const BeavyTensor> input, std::shared_ptr<GmwTensor> output)
    : OnlineGate(gate_id),
      party_(party),
      shape_(std::move(shape)),
      input_(std::move(input)),
      output_(std::move(output)) {}

void UnmaskGate::evaluate_online() {
  input_->wait_setup();
  input_->wait_online();
  output_->get_share() = to_vector(duet::unmask(masked(shape_, *input_), party_));
  output_->set_online_ready();
}

template <class Kernel>
ProductGate<Kernel>::ProductGate(std::size_t gate_id, Connection& connection, Inputs inputs,
                                 std::shared_ptr<GmwTensor> output)
    : TwoPhaseGate(gate_id),
      connection_(connection),
      inputs_(std::move(inputs)),
      output_(std::move(output)) {}

template <class Kernel>
void ProductGate<Kernel>::evaluate_setup() {
  Tensors masks;
  for (const auto& [shape, tensor] : inputs_) {
    tensor->wait_setup();
    masks.push_back(to_tensor(shape, tensor->get_secret_share()));
  }
  const Connection::SessionWork work(connection_);
  if constexpr (std::is_same_v<Kernel, duet::Product>) {
    kernel_.setup(connection_.session(), masks[0], masks[1]);
  } else {
    kernel_.setup(connection_.session(), masks[0]);
  }
}

template <class Kernel>
void ProductGate<Kernel>::evaluate_online() {
  std::vector<duet::Masked> x;
  for (const auto& [shape, tensor] : inputs_) {
    tensor->wait_online();
    x.push_back(masked(shape, *tensor));
  }
  if constexpr (std::is_same_v<Kernel, duet::Product>) {
    output_->get_share() = to_vector(kernel_.online(connection_.session(), x[0], x[1]));
  } else {
    output_->get_share() = to_vector(kernel_.online(connection_.session(), x[0]));
  }
  output_->set_online_ready();
}

template class ProductGate<duet::Product>;
template class ProductGate<duet::Square>;

OpeningGate::OpeningGate(std::size_t gate_id, Connection& connection, Shape shape,
                         std::shared_ptr<const GmwTensor> input,
                         std::shared_ptr<PublicTensor> output)
    : OnlineGate(gate_id),
      connection_(connection),
      shape_(std::move(shape)),
      input_(std::move(input)),
      output_(std::move(output)) {}

void OpeningGate::evaluate_online() {
  input_->wait_online();
  const Connection::SessionWork work(connection_);
  duet::OpenArith opening;
  opening.send(connection_.session(), to_tensor(shape_, input_->get_share()));
  output_->get_values() = to_vector(opening.receive(connection_.session()));
  output_->set_online_ready();
}

}  // namespace ezmotion
