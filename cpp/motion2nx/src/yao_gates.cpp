#include "yao_gates.h"

#include <algorithm>

#include "algorithm/algorithm_description.h"

namespace ezmotion {
namespace {

using Keys = ENCRYPTO::block128_vector;

constexpr std::size_t kAndGatesPerMessage = std::size_t{1} << 22;  // 128 MiB of tables
constexpr std::size_t kPeerOfGarbler = 1;

// The keys of elements begin, begin + 1, ... of `wires` wires with `elements` keys each.
Keys part_of(const Keys& keys, std::size_t wires, std::size_t elements, std::size_t begin,
             std::size_t size) {
  Keys part(wires * size);
  for (std::size_t wire = 0; wire < wires; ++wire) {
    std::copy_n(keys.data() + wire * elements + begin, size, part.data() + wire * size);
  }
  return part;
}

}  // namespace

Keys YaoGate::input_keys() const {
  std::size_t size = 0;
  for (const auto& input : inputs_) {
    if (garbler_) {
      input->wait_setup();
    } else {
      input->wait_online();
    }
    size += input->get_keys().size();
  }
  Keys keys(size);
  auto* next = keys.data();
  for (const auto& input : inputs_) {
    next = std::copy_n(input->get_keys().data(), input->get_keys().size(), next);
  }
  return keys;
}

void YaoGate::set_ready(YaoTensor& output) const {
  if (garbler_) {
    output.set_setup_ready();
  } else {
    output.set_online_ready();
  }
}

void SelectKeys::evaluate() {
  const Keys keys = input_keys();
  Keys& selected = output_->get_keys();
  selected.resize(indices_.size());
  for (std::size_t i = 0; i < indices_.size(); ++i) selected[i] = keys[indices_[i]];
  set_ready(*output_);
}

GarbledCircuit::GarbledCircuit(std::size_t gate_id, bool garbler,
                               MOTION::proto::yao::YaoProvider& provider, const Circuit& circuit,
                               std::uint64_t hash_index, YaoInputs inputs,
                               std::vector<std::shared_ptr<YaoTensor>> outputs)
    : YaoGate(gate_id, garbler, std::move(inputs)),
      provider_(provider),
      algorithm_(circuit.algorithm),
      and_gates_(circuit.and_gates),
      hash_index_(hash_index),
      elements_(outputs.at(0)->get_dimensions().get_data_size()),
      outputs_(std::move(outputs)) {
  const std::size_t most =
      std::max<std::size_t>(1, kAndGatesPerMessage / std::max<std::size_t>(1, and_gates_));
  for (std::size_t begin = 0; begin < elements_; begin += most) {
    Chunk chunk{begin, std::min(most, elements_ - begin), {}};
    if (!garbler && and_gates_ > 0) {
      chunk.tables = provider_.CommMixin::register_for_blocks_message(
          1 - kPeerOfGarbler, gate_id, 2 * and_gates_ * chunk.size, chunks_.size());
    }
    chunks_.push_back(std::move(chunk));
  }
}

void GarbledCircuit::evaluate() {
  const Keys inputs = input_keys();
  for (const auto& output : outputs_) output->get_keys().resize(output->get_bit_size() * elements_);
  for (std::size_t number = 0; number < chunks_.size(); ++number) {
    Chunk& chunk = chunks_[number];
    const Keys keys = evaluate(chunk, number, inputs);
    const auto* next = keys.data();
    for (const auto& output : outputs_) {
      for (std::size_t bit = 0; bit < output->get_bit_size(); ++bit) {
        std::copy_n(next, chunk.size, output->get_keys().data() + bit * elements_ + chunk.begin);
        next += chunk.size;
      }
    }
  }
  for (const auto& output : outputs_) set_ready(*output);
}

Keys GarbledCircuit::evaluate(Chunk& chunk, std::size_t number, const Keys& inputs) const {
  const Keys mine =
      part_of(inputs, algorithm_->n_input_wires_parent_a_, elements_, chunk.begin, chunk.size);
  const std::size_t hash_index = hash_index_ + and_gates_ * chunk.begin;
  const Keys no_second_operand;
  Keys keys;
  if (is_garbler()) {
    Keys tables;
    provider_.create_garbled_circuit(hash_index, chunk.size, *algorithm_, mine, no_second_operand,
                                     tables, keys, true);
    if (and_gates_ > 0) {
      provider_.CommMixin::send_blocks_message(kPeerOfGarbler, gate_id_, tables, number);
    }
  } else {
    const Keys tables = and_gates_ > 0 ? chunk.tables.get() : Keys();
    provider_.evaluate_garbled_circuit(hash_index, chunk.size, *algorithm_, mine, no_second_operand,
                                       tables, keys, true);
  }
  return keys;
}

}  // namespace ezmotion
