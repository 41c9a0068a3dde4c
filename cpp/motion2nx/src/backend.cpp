#include "ezmotion/backend.h"

#include <omp.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>

#include "arithmetic_gates.h"
#include "base/gate_register.h"
#include "base_ots.h"
#include "communication/communication_layer.h"
#include "duet/errors.h"
#include "executor/execution_context.h"
#include "gate/new_gate.h"
#include "tensors.h"
#include "utility/fiber_thread_pool/fiber_thread_pool.hpp"

namespace ezmotion {
namespace {

// The framework's own conversions take indices that start at their gate's number; those of our
// circuits lie far beyond, so that none is used twice.
constexpr std::uint64_t kFirstHashIndex = std::uint64_t{1} << 40;

// What fits into one of the framework's messages, with 2 KiB for an element.
constexpr std::size_t kMostConverted = 1'000'000;

// One for every element and AND gate of its 64-bit adder, at most.
constexpr std::size_t kIndicesPerConversion = 64;

MPCProtocol checked(MPCProtocol arithmetic) {
  if (arithmetic != MPCProtocol::ArithmeticGMW && arithmetic != MPCProtocol::ArithmeticBEAVY) {
    throw std::invalid_argument("no arithmetic protocol of tensors: " +
                                MOTION::ToString(arithmetic));
  }
  return arithmetic;
}

}  // namespace

Backend::Backend(Connection& connection, MPCProtocol arithmetic, std::size_t threads)
    : TwoPartyTensorBackend(connection.layer(), threads, true, nullptr),
      connection_(connection),
      arithmetic_(checked(arithmetic)),
      threads_(threads > 0 ? threads : std::max(1U, std::thread::hardware_concurrency())),
      next_hash_index_(kFirstHashIndex) {}

Backend::~Backend() = default;

const Shape& Backend::shape(const TensorCP& x) const {
  const auto found = shapes_.find(x);
  if (found == shapes_.end()) throw std::invalid_argument("a tensor of another backend");
  return found->second;
}

TensorCP Backend::with_shape(TensorCP x, Shape shape) {
  shapes_.emplace(x, std::move(shape));
  return x;
}

std::size_t Backend::next_gate_id() { return gate_register_->get_next_gate_id(); }

void Backend::add(std::unique_ptr<MOTION::NewGate> gate) {
  gate_register_->register_gate(std::move(gate));
}

std::uint64_t Backend::reserve_hash_indices(std::uint64_t count) {
  return std::exchange(next_hash_index_, next_hash_index_ + count);
}

std::optional<MPCProtocol> Backend::convert_via(MPCProtocol from, MPCProtocol to) {
  const bool shares_and_garbled = (from == MPCProtocol::ArithmeticGMW && to == MPCProtocol::Yao) ||
                                  (from == MPCProtocol::Yao && to == MPCProtocol::ArithmeticGMW);
  if (shares_and_garbled && arithmetic_ == MPCProtocol::ArithmeticBEAVY) return arithmetic_;
  return TwoPartyTensorBackend::convert_via(from, to);
}

TensorCP Backend::convert(MPCProtocol protocol, const TensorCP x) {
  const MPCProtocol from = x->get_protocol();
  if (from == protocol) return x;
  if (from == MPCProtocol::ArithmeticGMW && protocol == MPCProtocol::ArithmeticBEAVY) {
    return masked(x);
  }
  if (from == MPCProtocol::ArithmeticBEAVY && protocol == MPCProtocol::ArithmeticGMW) {
    return unmasked(x);
  }
  if (convert_via(from, protocol)) return TwoPartyTensorBackend::convert(protocol, x);
  const Shape& shape = this->shape(x);
  const std::size_t elements = duet::element_count(shape);
  if (elements > kMostConverted) {
    throw duet::Error("MOTION2NX converts " + std::to_string(kMostConverted) +
                      " elements at once, not " + std::to_string(elements));
  }
  TensorCP converted = TwoPartyTensorBackend::convert(protocol, x);
  // A conversion takes the hash indices that follow its number, also those that the next gates'
  // numbers would give to their conversions: so those numbers are left out. With one index for two
  // hashes of the same key, which is what moved elements and constant wires have, the garbled
  // tables would tell the garbler's secret offset.
  for (std::size_t i = 0; i < kIndicesPerConversion * elements; ++i) next_gate_id();
  return with_shape(std::move(converted), shape);
}

TensorCP Backend::masked(const TensorCP& x) {
  auto output = std::make_shared<BeavyTensor>(x->get_dimensions());
  add(std::make_unique<MaskGate>(next_gate_id(), connection_, shape(x), as<GmwTensor>(x), output));
  return with_shape(std::move(output), shape(x));
}

TensorCP Backend::unmasked(const TensorCP& x) {
  auto output = std::make_shared<GmwTensor>(x->get_dimensions());
  add(std::make_unique<UnmaskGate>(next_gate_id(), party(), shape(x), as<BeavyTensor>(x), output));
  return with_shape(std::move(output), shape(x));
}

TensorCP Backend::add_share_input(std::size_t number, const Shape& shape) {
  auto tensor = std::make_shared<GmwTensor>(row(duet::element_count(shape)));
  share_inputs_.emplace_back(number, tensor);
  return with_shape(std::move(tensor), shape);
}

TensorCP Backend::add_public_input(std::size_t number, const Shape& shape) {
  auto tensor = std::make_shared<PublicTensor>(row(duet::element_count(shape)));
  public_inputs_.emplace_back(number, tensor);
  return with_shape(std::move(tensor), shape);
}

// The framework runs both phases in one go; this is what it does for one of them, gate after gate
// in the order of the graph, in which both servers wait for each other.
void Backend::run_gates(const Run& run) {
  omp_set_num_threads(static_cast<int>(threads_));
  MOTION::ExecutionContext context{
      threads_, std::make_unique<ENCRYPTO::FiberThreadPool>(std::max<std::size_t>(2, threads_))};
  for (const auto& gate : gate_register_->get_gates()) run(*gate, context);
  context.fpool_->join();
}

void Backend::run_setup(BaseOts& base_ots) {
  base_ots.give(*base_ot_provider_, connection_.session());
  // Messages for a gate that the other server has not built yet would be lost.
  comm_layer_.sync();
  run_preprocessing();
  base_ots.keep(*base_ot_provider_, party());
  run_gates([](MOTION::NewGate& gate, MOTION::ExecutionContext& context) {
    if (gate.need_setup()) gate.evaluate_setup_with_context(context);
  });
  comm_layer_.sync();
}

void Backend::run_online(const duet::ClientShares& shares, const Tensors& publics) {
  const auto checked_input = [this](const TensorCP& tensor, const Tensor<Ring>& given) {
    if (given.shape != shape(tensor)) {
      throw std::invalid_argument("an input of shape " + duet::shape_text(given.shape) + " where " +
                                  duet::shape_text(shape(tensor)) + " was expected");
    }
    return to_vector(given);
  };
  for (const auto& [number, tensor] : share_inputs_) {
    const auto input = std::const_pointer_cast<GmwTensor>(as<GmwTensor>(tensor));
    input->get_share() = checked_input(tensor, shares.at(number));
    input->set_online_ready();
  }
  for (const auto& [number, tensor] : public_inputs_) {
    const auto input = std::const_pointer_cast<PublicTensor>(as<PublicTensor>(tensor));
    input->get_values() = checked_input(tensor, publics.at(number));
    input->set_online_ready();
  }
  run_gates([](MOTION::NewGate& gate, MOTION::ExecutionContext& context) {
    if (gate.need_online()) gate.evaluate_online_with_context(context);
  });
  comm_layer_.sync();
}

Tensor<Ring> Backend::value(const TensorCP& x) const {
  if (const auto plain = std::dynamic_pointer_cast<const PublicTensor>(x)) {
    return to_tensor(shape(x), plain->get_values());
  }
  return to_tensor(shape(x), as<GmwTensor>(x)->get_share());
}

}  // namespace ezmotion
