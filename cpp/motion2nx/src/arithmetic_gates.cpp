#include "arithmetic_gates.h"

#include "utility/helpers.h"

namespace ezmotion {

BeavySquare::BeavySquare(std::size_t gate_id, MOTION::proto::beavy::BEAVYProvider& provider,
                         std::shared_ptr<const BeavyTensor> input,
                         std::shared_ptr<BeavyTensor> output)
    : NewGate(gate_id), provider_(provider), input_(std::move(input)), output_(std::move(output)) {
  const std::size_t size = input_->get_dimensions().get_data_size();
  const std::size_t peer = 1 - provider_.get_my_id();
  other_share_ = provider_.register_for_ints_message<Ring>(peer, gate_id, size);
  MOTION::ArithmeticProvider& products = provider_.get_arith_manager().get_provider(peer);
  if (peer == 1) {
    sender_ = products.register_integer_multiplication_send<Ring>(size);
  } else {
    receiver_ = products.register_integer_multiplication_receive<Ring>(size);
  }
}

BeavySquare::~BeavySquare() = default;

void BeavySquare::evaluate_setup() {
  const std::size_t size = input_->get_dimensions().get_data_size();
  std::vector<Ring>& masks = output_->get_secret_share();
  masks = MOTION::Helpers::RandomVector<Ring>(size);
  output_->set_setup_ready();
  input_->wait_setup();
  const std::vector<Ring>& mine = input_->get_secret_share();
  std::vector<Ring> cross;
  if (sender_) {
    sender_->set_inputs(mine);
    sender_->compute_outputs();
    cross = sender_->get_outputs();
  } else {
    receiver_->set_inputs(mine);
    receiver_->compute_outputs();
    cross = receiver_->get_outputs();
  }
  squares_.resize(size);
  for (std::size_t i = 0; i < size; ++i) {
    squares_[i] = mine[i] * mine[i] + 2 * cross[i] + masks[i];
  }
}

void BeavySquare::evaluate_online() {
  input_->wait_online();
  const std::vector<Ring>& mine = input_->get_secret_share();
  const std::vector<Ring>& difference = input_->get_public_share();
  const Ring own = sender_ ? 1 : 0;  // Δ² is added by one server
  for (std::size_t i = 0; i < squares_.size(); ++i) {
    squares_[i] += own * difference[i] * difference[i] - 2 * difference[i] * mine[i];
  }
  provider_.broadcast_ints_message(gate_id_, squares_);
  const std::vector<Ring> other = other_share_.get();
  for (std::size_t i = 0; i < squares_.size(); ++i) squares_[i] += other[i];
  output_->get_public_share() = std::move(squares_);
  output_->set_online_ready();
}

}  // namespace ezmotion
