#include "ezmotion/graph.h"

#include <ctime>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "arithmetic_gates.h"
#include "base/gate_register.h"
#include "base/two_party_tensor_backend.h"
#include "communication/communication_layer.h"
#include "duet/errors.h"
#include "statistics/run_time_stats.h"
#include "tensor/tensor_op.h"
#include "tensor/tensor_op_factory.h"
#include "utility/typedefs.h"
#include "yao_gates.h"

namespace ezmotion {
namespace {

using MOTION::MPCProtocol;
using MOTION::tensor::TensorDimensions;

// The framework's own conversions take indices that start at their gate's number; those of our
// circuits lie far beyond, so that none is used twice.
constexpr std::uint64_t kFirstHashIndex = std::uint64_t{1} << 40;

// What fits into one of the framework's messages, with 2 KiB for an element.
constexpr std::size_t kMostConverted = 1'000'000;

// One for every element and AND gate of its 64-bit adder, at most.
constexpr std::size_t kIndicesPerConversion = 64;

constexpr std::size_t kRingBits = 64;

TensorDimensions row(std::size_t size) { return {1, 1, 1, size}; }

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// What threads other than the calling one have computed since this object was made.
class OtherThreads {
 public:
  double so_far() const { return now() - start_; }

 private:
  static double now() {
    return seconds(CLOCK_PROCESS_CPUTIME_ID) - seconds(CLOCK_THREAD_CPUTIME_ID);
  }

  double start_ = now();
};

double length(const std::pair<MOTION::Statistics::RunTimeStats::time_point,
                              MOTION::Statistics::RunTimeStats::time_point>& interval) {
  return std::chrono::duration<double>(interval.second - interval.first).count();
}

}  // namespace

// Opens what the framework keeps for derived classes.
class Graph::Backend : public MOTION::TwoPartyTensorBackend {
 public:
  explicit Backend(MOTION::Communication::CommunicationLayer& layer)
      : TwoPartyTensorBackend(layer, 0, true, nullptr) {}

  std::size_t next_id() { return gate_register_->get_next_gate_id(); }

  // The framework's conversion. It takes the hash indices that follow its number, also those that
  // the next gates' numbers would give to their conversions: so those numbers are left out. With
  // one index for two hashes of the same key, which is what moved elements and constant wires have,
  // the garbled tables would tell the garbler's secret offset.
  MOTION::tensor::TensorCP convert_apart(MPCProtocol protocol, const MOTION::tensor::TensorCP& x,
                                         std::size_t elements) {
    if (elements > kMostConverted) {
      throw duet::Error("MOTION2NX converts " + std::to_string(kMostConverted) +
                        " elements at once, not " + std::to_string(elements));
    }
    MOTION::tensor::TensorCP converted = convert(protocol, x);
    for (std::size_t i = 0; i < kIndicesPerConversion * elements; ++i) next_id();
    return converted;
  }

  void add(std::unique_ptr<MOTION::NewGate> gate) {
    gate_register_->register_gate(std::move(gate));
  }
  bool has_gates() const { return gate_register_->get_num_gates() > 0; }
  bool is_garbler() const { return my_id_ == 0; }
  MOTION::proto::yao::YaoProvider& yao() { return *yao_provider_; }
  MOTION::proto::beavy::BEAVYProvider& beavy() { return *beavy_provider_; }
};

Graph::Graph(Connection& connection, Arithmetic arithmetic)
    : connection_(connection), arithmetic_(arithmetic), next_hash_index_(kFirstHashIndex) {
  const Connection::Watch watch(connection_);
  backend_ = std::make_unique<Backend>(connection_.layer());
}

Graph::~Graph() = default;

Arith Graph::input(const Tensor<Ring>& share) {
  if (arithmetic_ == Arithmetic::kGmw) {
    auto tensor = std::make_shared<GmwTensor>(row(share.size()));
    tensor->get_share() = to_vector(share);
    tensor->set_online_ready();
    return {share.shape, std::move(tensor)};
  }
  // x_0 + x_1 = Δ - δ_0 - δ_1 with Δ = 0
  auto tensor = std::make_shared<BeavyTensor>(row(share.size()));
  tensor->get_public_share() = std::vector<Ring>(share.size(), 0);
  tensor->get_secret_share() = to_vector(duet::neg(share));
  tensor->set_setup_ready();
  tensor->set_online_ready();
  return {share.shape, std::move(tensor)};
}

Arith Graph::mapped(const std::vector<Arith>& x, const LinearFunction& on_shares,
                    const LinearFunction& on_public, const TensorDimensions* dimensions) {
  Tensors zeros;
  for (const Arith& operand : x) zeros.emplace_back(operand.shape);
  const Shape shape = on_public(zeros).shape;
  const TensorDimensions size = dimensions ? *dimensions : row(duet::element_count(shape));
  const std::size_t id = backend_->next_id();
  if (arithmetic_ == Arithmetic::kGmw) {
    GmwMap::Inputs inputs;
    for (const Arith& operand : x) {
      inputs.emplace_back(operand.shape,
                          std::dynamic_pointer_cast<const GmwTensor>(operand.tensor));
    }
    auto output = std::make_shared<GmwTensor>(size);
    backend_->add(std::make_unique<GmwMap>(id, std::move(inputs), on_shares, output));
    return {shape, std::move(output)};
  }
  BeavyMap::Inputs inputs;
  for (const Arith& operand : x) {
    inputs.emplace_back(operand.shape,
                        std::dynamic_pointer_cast<const BeavyTensor>(operand.tensor));
  }
  auto output = std::make_shared<BeavyTensor>(size);
  backend_->add(std::make_unique<BeavyMap>(id, std::move(inputs), on_shares, on_public, output));
  return {shape, std::move(output)};
}

Arith Graph::linear(const std::vector<Arith>& x, const LinearFunction& function) {
  return mapped(x, function, function, nullptr);
}

Arith Graph::add_public(const Arith& x, const Tensor<Ring>& c) {
  const LinearFunction with = [c](const Tensors& t) { return duet::add(t[0], c); };
  const Shape shape = duet::common_shape(x.shape, c.shape);
  const LinearFunction without = [shape](const Tensors& t) {
    return duet::broadcast_to(t[0], shape);
  };
  // A share of one server in GMW, the Δ of both in ABY2.0.
  const bool in_share = arithmetic_ == Arithmetic::kGmw && connection_.party() == 0;
  return mapped({x}, in_share ? with : without, with, nullptr);
}

// Matrix `entry` of a batch, with the dimensions that the framework's products ask for.
Arith Graph::matrix(const Arith& x, std::size_t rows, std::size_t columns, std::size_t entry) {
  const TensorDimensions dimensions{1, 1, rows, columns};
  const std::size_t size = rows * columns;
  const LinearFunction take = [=](const Tensors& t) {
    Tensor<Ring> part(Shape{rows, columns});
    const auto begin = t[0].data.begin() + static_cast<std::ptrdiff_t>(entry * size);
    std::copy_n(begin, size, part.data.begin());
    return part;
  };
  return mapped({x}, take, take, &dimensions);
}

Arith Graph::gemm(const Arith& a, const Arith& b) {
  const std::size_t m = a.shape.at(a.shape.size() - 2);
  const std::size_t k = a.shape.at(a.shape.size() - 1);
  const std::size_t r = b.shape.at(b.shape.size() - 1);
  const std::size_t batch = duet::element_count(a.shape) / (m * k);
  const MOTION::tensor::GemmOp op{{m, k}, {k, r}, {m, r}};
  const MPCProtocol protocol =
      arithmetic_ == Arithmetic::kGmw ? MPCProtocol::ArithmeticGMW : MPCProtocol::ArithmeticBEAVY;
  MOTION::tensor::TensorOpFactory& factory = backend_->get_tensor_op_factory(protocol);
  std::vector<Arith> products;
  for (std::size_t entry = 0; entry < batch; ++entry) {
    const Arith left = matrix(a, m, k, entry);
    const Arith right = matrix(b, k, r, entry);
    products.push_back({Shape{m * r}, factory.make_tensor_gemm_op(op, left.tensor, right.tensor)});
  }
  Shape shape = a.shape;
  shape.back() = r;
  return linear(products,
                [shape](const Tensors& t) { return duet::reshape(duet::concat(t, 0), shape); });
}

Arith Graph::square(const Arith& x) {
  if (arithmetic_ == Arithmetic::kGmw) {
    return {
        x.shape,
        backend_->get_tensor_op_factory(MPCProtocol::ArithmeticGMW).make_tensor_sqr_op(x.tensor)};
  }
  auto output = std::make_shared<BeavyTensor>(x.tensor->get_dimensions());
  backend_->add(std::make_unique<BeavySquare>(
      backend_->next_id(), backend_->beavy(),
      std::dynamic_pointer_cast<const BeavyTensor>(x.tensor), output));
  return {x.shape, std::move(output)};
}

Yao Graph::to_yao(const Arith& x, std::size_t width) {
  const std::size_t size = duet::element_count(x.shape);
  const Yao whole{x.shape, kRingBits, backend_->convert_apart(MPCProtocol::Yao, x.tensor, size)};
  if (width == kRingBits) return whole;
  std::vector<std::size_t> indices(width * size);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return select({whole}, x.shape, width, std::move(indices));
}

Arith Graph::from_yao(const Yao& x) {
  const std::size_t size = duet::element_count(x.shape);
  std::vector<std::size_t> indices;
  for (std::size_t bit = 0; bit < kRingBits; ++bit) {
    const std::size_t source = std::min(bit, x.width - 1);
    for (std::size_t i = 0; i < size; ++i) indices.push_back(source * size + i);
  }
  const Yao extended = select({x}, x.shape, kRingBits, std::move(indices));
  const MPCProtocol protocol =
      arithmetic_ == Arithmetic::kGmw ? MPCProtocol::ArithmeticGMW : MPCProtocol::ArithmeticBEAVY;
  return {x.shape, backend_->convert_apart(protocol, extended.tensor, size)};
}

Yao Graph::select(const std::vector<Yao>& x, Shape shape, std::size_t width,
                  std::vector<std::size_t> indices) {
  YaoInputs inputs;
  for (const Yao& operand : x) {
    inputs.push_back(std::dynamic_pointer_cast<const YaoTensor>(operand.tensor));
  }
  auto output = std::make_shared<YaoTensor>(row(duet::element_count(shape)), width);
  backend_->add(std::make_unique<SelectKeys>(backend_->next_id(), backend_->is_garbler(),
                                             std::move(inputs), std::move(indices), output));
  return {std::move(shape), width, std::move(output)};
}

Yao Graph::move(const std::vector<Yao>& x, const LinearFunction& function) {
  Tensors numbers;
  Ring next = 0;
  std::vector<std::size_t> operand_of;  // of an element's number
  std::vector<std::size_t> first_key;   // of an operand
  std::vector<std::size_t> first_number;
  std::size_t keys = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    first_key.push_back(keys);
    first_number.push_back(operand_of.size());
    Tensor<Ring> tensor(x[i].shape);
    for (Ring& number : tensor.data) number = next++;
    operand_of.insert(operand_of.end(), tensor.size(), i);
    keys += x[i].width * tensor.size();
    numbers.push_back(std::move(tensor));
  }
  const Tensor<Ring> moved = function(numbers);
  const std::size_t width = x.at(0).width;
  for (const Yao& operand : x) {
    if (operand.width != width) throw std::invalid_argument("elements of different widths");
  }
  std::vector<std::size_t> indices;
  for (std::size_t bit = 0; bit < width; ++bit) {
    for (const Ring number : moved.data) {
      const std::size_t operand = operand_of.at(number);
      indices.push_back(first_key[operand] + bit * numbers[operand].size() +
                        (number - first_number[operand]));
    }
  }
  return select(x, moved.shape, width, std::move(indices));
}

std::vector<Yao> Graph::circuit(const Circuit& circuit, const std::vector<Yao>& x) {
  const Shape& shape = x.at(0).shape;
  const std::size_t elements = duet::element_count(shape);
  YaoInputs inputs;
  if (x.size() != circuit.input_widths.size()) {
    throw std::invalid_argument("a circuit has another number of inputs");
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i].shape != shape || x[i].width != circuit.input_widths[i]) {
      throw std::invalid_argument("a circuit's input does not fit");
    }
    inputs.push_back(std::dynamic_pointer_cast<const YaoTensor>(x[i].tensor));
  }
  std::vector<std::shared_ptr<YaoTensor>> outputs;
  std::vector<Yao> results;
  for (const std::size_t width : circuit.output_widths) {
    outputs.push_back(std::make_shared<YaoTensor>(row(elements), width));
    results.push_back({shape, width, outputs.back()});
  }
  backend_->add(std::make_unique<GarbledCircuit>(backend_->next_id(), backend_->is_garbler(),
                                                 backend_->yao(), circuit, next_hash_index_,
                                                 std::move(inputs), std::move(outputs)));
  next_hash_index_ += circuit.and_gates * elements;
  return results;
}

void Graph::run() {
  using ID = MOTION::Statistics::RunTimeStats::StatID;
  const Connection::Watch watch(connection_);
  const OtherThreads others;
  // Messages for a gate that the other server has not built yet would be lost.
  connection_.layer().sync();
  backend_->run();
  connection_.layer().sync();
  const MOTION::Statistics::RunTimeStats& stats = backend_->get_run_time_stats();
  connection_.account(length(stats.get(ID::preprocessing)) + length(stats.get(ID::gates_setup)),
                      others.so_far());
}

Tensor<Ring> Graph::share(const Arith& x) const {
  if (const auto gmw = std::dynamic_pointer_cast<const GmwTensor>(x.tensor)) {
    return to_tensor(x.shape, gmw->get_share());
  }
  const auto beavy = std::dynamic_pointer_cast<const BeavyTensor>(x.tensor);
  const Tensor<Ring> masks = to_tensor(x.shape, beavy->get_secret_share());
  if (connection_.party() != 0) return duet::neg(masks);
  return duet::sub(to_tensor(x.shape, beavy->get_public_share()), masks);
}

}  // namespace ezmotion
