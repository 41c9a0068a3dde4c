#include "duet/evaluate.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "check_shape.h"
#include "circuit_inputs.h"
#include "half_gates.h"

namespace duet {
namespace {

void check_inputs(const Circuit& circuit, const GarbledInputs& inputs) {
  const bool fits =
      std::equal(inputs.begin(), inputs.end(), circuit.input_widths.begin(),
                 circuit.input_widths.end(), [&](const GarbledTensor& input, std::size_t width) {
                   return input.width == width && input.shape == inputs[0].get().shape;
                 });
  if (!fits || inputs.empty()) {
    throw std::invalid_argument(
        inputs_mismatch("circuit: takes inputs of one shape and", circuit, inputs));
  }
}

// Calls step(first element, number of elements, first tweak, tables) for batches of kLanes.
template <class Step>
void for_each_batch(const Circuit& circuit, std::size_t elements, std::uint64_t tweak, Step step) {
  for (std::size_t first = 0; first < elements; first += kLanes) {
    step(first, std::min(kLanes, elements - first), tweak + 2 * circuit.and_gates * first);
  }
}

void load(Wires& wires, const GarbledInputs& inputs, std::size_t first, std::size_t lanes) {
  std::size_t wire = 0;
  for (const GarbledTensor& input : inputs) {
    for (std::size_t i = 0; i < input.width; ++i, ++wire) {
      for (std::size_t l = 0; l < lanes; ++l) {
        wires[wire][l] = input.labels[(first + l) * input.width + i];
      }
    }
  }
}

void store(const Circuit& circuit, Wires& wires, std::vector<GarbledTensor>& outputs,
           std::size_t first, std::size_t lanes) {
  std::size_t wire = 0;
  for (GarbledTensor& output : outputs) {
    for (std::size_t i = 0; i < output.width; ++i, ++wire) {
      for (std::size_t l = 0; l < lanes; ++l) {
        output.labels[(first + l) * output.width + i] = wires[circuit.outputs[wire]][l];
      }
    }
  }
}

void make_room(std::vector<GarbledTensor>& values) {
  for (GarbledTensor& value : values) value.labels.resize(value.elements() * value.width);
}

}  // namespace

KernelCosts Evaluate::costs(Sizes& sizes) {
  return {setup_cost(sizes["and_gates"], sizes["elements"]), online_cost()};
}

void Evaluate::setup(Session& session, const Circuit& circuit, const GarbledInputs& inputs) {
  once_.begin_setup();
  check_inputs(circuit, inputs);
  const Shape& shape = inputs[0].get().shape;
  const std::size_t elements = element_count(shape);
  circuit_ = circuit;
  tables_.clear();
  outputs_.clear();
  for (const std::size_t width : circuit.output_widths) outputs_.push_back({shape, width, {}});

  session.init_ot();
  tweak_ = session.reserve_tweaks(2 * circuit.and_gates * elements);
  if (session.party() == kGarbler) {
    const Block delta = session.ot_sender().delta();
    Wires wires(circuit_, session.nonce());
    std::vector<Block> tables(2 * circuit.and_gates * std::min(kLanes, elements));
    make_room(outputs_);
    for_each_batch(circuit_, elements, tweak_,
                   [&](std::size_t first, std::size_t lanes, std::uint64_t tweak) {
                     const auto batch = std::span(tables).first(2 * circuit_.and_gates * lanes);
                     load(wires, inputs, first, lanes);
                     wires.garble(delta, tweak, lanes, batch);
                     store(circuit_, wires, outputs_, first, lanes);
                     if (!batch.empty()) session.channel().send(std::span<const Block>(batch));
                   });
    session.channel().flush();
  } else if (circuit.and_gates > 0) {
    tables_.resize(2 * circuit.and_gates * elements);
    for_each_batch(circuit_, elements, tweak_,
                   [&](std::size_t first, std::size_t lanes, std::uint64_t) {
                     session.channel().receive(std::span(tables_).subspan(
                         2 * circuit_.and_gates * first, 2 * circuit_.and_gates * lanes));
                   });
  }
  once_.end_setup();
}

std::vector<GarbledTensor> Evaluate::online(const Session& session, const GarbledInputs& inputs) {
  once_.take(0);
  check_inputs(circuit_, inputs);
  check_shape("circuit", outputs_[0].shape, inputs[0].get().shape);
  if (session.party() == kGarbler) return outputs_;

  std::vector<GarbledTensor> outputs = outputs_;
  make_room(outputs);
  Wires wires(circuit_, session.nonce());
  for_each_batch(circuit_, inputs[0].get().elements(), tweak_,
                 [&](std::size_t first, std::size_t lanes, std::uint64_t tweak) {
                   const std::size_t size = 2 * circuit_.and_gates;
                   load(wires, inputs, first, lanes);
                   wires.evaluate(tweak, lanes,
                                  std::span(tables_).subspan(size * first, size * lanes));
                   store(circuit_, wires, outputs, first, lanes);
                 });
  tables_ = {};
  return outputs;
}

Cost Evaluate::setup_cost(std::uint64_t and_gates, std::uint64_t elements) {
  Cost cost;
  if (and_gates == 0) return cost;
  for (std::uint64_t first = 0; first < elements; first += kLanes) {
    const std::uint64_t lanes = std::min<std::uint64_t>(kLanes, elements - first);
    cost = parallel(cost, message_cost(kGarbler, 2 * sizeof(Block) * and_gates * lanes));
  }
  return cost;
}

}  // namespace duet
