#include "ezmotion/operations.h"

#include <numeric>
#include <stdexcept>
#include <utility>

#include "arithmetic_gates.h"
#include "duet/linear.h"
#include "tensors.h"
#include "yao_gates.h"

namespace ezmotion {
namespace {

constexpr std::size_t kRingBits = 64;

template <class Class>
bool all_are(const TensorCPs& x) {
  for (const TensorCP& operand : x) {
    if (!std::dynamic_pointer_cast<const Class>(operand)) return false;
  }
  return true;
}

template <class Output>
TensorCP mapped(Backend& backend, const TensorCPs& x, const Shape& shape,
                const LinearFunction& function) {
  typename LinearMap<Output>::Inputs inputs;
  for (const TensorCP& operand : x) inputs.emplace_back(backend.shape(operand), operand);
  auto output = std::make_shared<Output>(row(duet::element_count(shape)));
  backend.add(std::make_unique<LinearMap<Output>>(backend.next_gate_id(), std::move(inputs), shape,
                                                  function, output));
  return backend.with_shape(std::move(output), shape);
}

TensorCP mapped_masked(Backend& backend, const TensorCPs& x, const Shape& shape,
                       const LinearFunction& function) {
  MaskedMap::Inputs inputs;
  for (const TensorCP& operand : x) {
    inputs.emplace_back(backend.shape(operand), as<BeavyTensor>(operand));
  }
  auto output = std::make_shared<BeavyTensor>(row(duet::element_count(shape)));
  backend.add(std::make_unique<MaskedMap>(backend.next_gate_id(), std::move(inputs), shape,
                                          function, output));
  return backend.with_shape(std::move(output), shape);
}

// Operands as masked values: additive shares get masks for this product alone, which with the
// product of the masks are a triple of Beaver's.
template <class Kernel>
TensorCP multiplied(Backend& backend, const TensorCPs& x, const Shape& shape) {
  typename ProductGate<Kernel>::Inputs inputs;
  for (const TensorCP& operand : x) {
    const TensorCP masked = backend.convert(MPCProtocol::ArithmeticBEAVY, operand);
    inputs.emplace_back(backend.shape(masked), as<BeavyTensor>(masked));
  }
  auto output = std::make_shared<GmwTensor>(row(duet::element_count(shape)));
  backend.add(std::make_unique<ProductGate<Kernel>>(backend.next_gate_id(), backend.connection(),
                                                    std::move(inputs), output));
  return backend.with_shape(std::move(output), shape);
}

bool is_garbler(const Backend& backend) { return backend.party() == 0; }

std::size_t width_of(const TensorCP& x) { return as<YaoTensor>(x)->get_bit_size(); }

// Element i of bit j of the result is element number `indices[j * size + i]` of all operands' keys,
// one operand after the other.
TensorCP selected(Backend& backend, const TensorCPs& x, const Shape& shape, std::size_t width,
                  std::vector<std::size_t> indices) {
  YaoInputs inputs;
  for (const TensorCP& operand : x) inputs.push_back(as<YaoTensor>(operand));
  auto output = std::make_shared<YaoTensor>(row(duet::element_count(shape)), width);
  backend.add(std::make_unique<SelectKeys>(backend.next_gate_id(), is_garbler(backend),
                                           std::move(inputs), std::move(indices), output));
  return backend.with_shape(std::move(output), shape);
}

}  // namespace

TensorCP make_constant_op(Backend& backend, const Tensor<Ring>& value) {
  auto tensor = std::make_shared<PublicTensor>(row(value.size()));
  tensor->get_values() = to_vector(value);
  tensor->set_online_ready();
  return backend.with_shape(std::move(tensor), value.shape);
}

TensorCP make_linear_op(Backend& backend, const TensorCPs& x, const Shape& shape,
                        const LinearFunction& function) {
  if (all_are<PublicTensor>(x)) return mapped<PublicTensor>(backend, x, shape, function);
  if (all_are<BeavyTensor>(x)) return mapped_masked(backend, x, shape, function);
  return mapped<GmwTensor>(backend, x, shape, function);
}

TensorCP make_sharing_op(Backend& backend, const TensorCP& x) {
  const int party = backend.party();
  static_cast<void>(as<PublicTensor>(x));
  return mapped<GmwTensor>(backend, {x}, backend.shape(x), [party](const Tensors& value) {
    return duet::public_share(value[0], party);
  });
}

TensorCP make_gemm_op(Backend& backend, const TensorCP& a, const TensorCP& b) {
  const Shape& left = backend.shape(a);
  const Shape& right = backend.shape(b);
  const std::size_t axes = left.size();
  if (axes < 2 || right.size() != axes || left[axes - 1] != right[axes - 2] ||
      !std::equal(left.begin(), left.end() - 2, right.begin())) {
    throw std::invalid_argument("matrices " + duet::shape_text(left) + " and " +
                                duet::shape_text(right) + " do not fit");
  }
  Shape shape = left;
  shape.back() = right.back();
  return multiplied<duet::Product>(backend, {a, b}, shape);
}

TensorCP make_square_sum_op(Backend& backend, const TensorCP& x) {
  Shape shape = backend.shape(x);
  if (shape.empty()) throw std::invalid_argument("a scalar has no last axis to add up along");
  shape.pop_back();
  return multiplied<duet::Square>(backend, {x}, shape);
}

TensorCP make_opening_op(Backend& backend, const TensorCP& x) {
  auto output = std::make_shared<PublicTensor>(x->get_dimensions());
  backend.add(std::make_unique<OpeningGate>(backend.next_gate_id(), backend.connection(),
                                            backend.shape(x), as<GmwTensor>(x), output));
  return backend.with_shape(std::move(output), backend.shape(x));
}

TensorCP make_low_bits_op(Backend& backend, const TensorCP& x, std::size_t width) {
  if (width > width_of(x)) throw std::invalid_argument("a garbled value has fewer bits");
  std::vector<std::size_t> indices(width * duet::element_count(backend.shape(x)));
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return selected(backend, {x}, backend.shape(x), width, std::move(indices));
}

TensorCP make_sign_extension_op(Backend& backend, const TensorCP& x) {
  const std::size_t size = duet::element_count(backend.shape(x));
  const std::size_t width = width_of(x);
  std::vector<std::size_t> indices;
  for (std::size_t bit = 0; bit < kRingBits; ++bit) {
    const std::size_t source = std::min(bit, width - 1);
    for (std::size_t i = 0; i < size; ++i) indices.push_back(source * size + i);
  }
  return selected(backend, {x}, backend.shape(x), kRingBits, std::move(indices));
}

TensorCPs make_circuit_op(Backend& backend, const Circuit& circuit, const TensorCPs& x) {
  if (x.empty() || x.size() != circuit.input_widths.size()) {
    throw std::invalid_argument("a circuit has another number of inputs");
  }
  const Shape shape = backend.shape(x[0]);
  const std::size_t elements = duet::element_count(shape);
  YaoInputs inputs;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (backend.shape(x[i]) != shape || width_of(x[i]) != circuit.input_widths[i]) {
      throw std::invalid_argument("a circuit's input does not fit");
    }
    inputs.push_back(as<YaoTensor>(x[i]));
  }
  std::vector<std::shared_ptr<YaoTensor>> outputs;
  TensorCPs results;
  for (const std::size_t width : circuit.output_widths) {
    outputs.push_back(std::make_shared<YaoTensor>(row(elements), width));
    results.push_back(backend.with_shape(outputs.back(), shape));
  }
  const std::uint64_t indices = backend.reserve_hash_indices(circuit.and_gates * elements);
  backend.add(std::make_unique<GarbledCircuit>(backend.next_gate_id(), is_garbler(backend),
                                               backend.yao(), circuit, indices, std::move(inputs),
                                               std::move(outputs)));
  return results;
}

TensorCP make_move_op(Backend& backend, const TensorCPs& x, const LinearFunction& function) {
  Tensors numbers;
  Ring next = 0;
  std::vector<std::size_t> operand_of;  // of an element's number
  std::vector<std::size_t> first_key;   // of an operand
  std::vector<std::size_t> first_number;
  std::size_t keys = 0;
  const std::size_t width = width_of(x.at(0));
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (width_of(x[i]) != width) throw std::invalid_argument("elements of different widths");
    first_key.push_back(keys);
    first_number.push_back(operand_of.size());
    Tensor<Ring> tensor(backend.shape(x[i]));
    for (Ring& number : tensor.data) number = next++;
    operand_of.insert(operand_of.end(), tensor.size(), i);
    keys += width * tensor.size();
    numbers.push_back(std::move(tensor));
  }
  const Tensor<Ring> moved = function(numbers);
  std::vector<std::size_t> indices;
  for (std::size_t bit = 0; bit < width; ++bit) {
    for (const Ring number : moved.data) {
      const std::size_t operand = operand_of.at(number);
      indices.push_back(first_key[operand] + bit * numbers[operand].size() +
                        (number - first_number[operand]));
    }
  }
  return selected(backend, x, moved.shape, width, std::move(indices));
}

}  // namespace ezmotion
