#include "ezmotion/circuit.h"

#include <utility>

#include "algorithm/algorithm_description.h"
#include "duet/circuit.h"
#include "duet/errors.h"

namespace ezmotion {
namespace {

using ENCRYPTO::PrimitiveOperationType;

ENCRYPTO::PrimitiveOperation converted(const duet::Gate& gate, const std::filesystem::path& path) {
  ENCRYPTO::PrimitiveOperation operation;
  operation.parent_a_ = gate.a;
  operation.output_wire_ = gate.out;
  switch (gate.type) {
    case duet::Gate::Type::kXor:
      operation.type_ = PrimitiveOperationType::XOR;
      operation.parent_b_ = gate.b;
      return operation;
    case duet::Gate::Type::kAnd:
      operation.type_ = PrimitiveOperationType::AND;
      operation.parent_b_ = gate.b;
      return operation;
    case duet::Gate::Type::kInv:
      operation.type_ = PrimitiveOperationType::INV;
      return operation;
    case duet::Gate::Type::kConstant:
    case duet::Gate::Type::kCopy:
      break;
  }
  throw duet::Error(path.string() + ": MOTION2NX garbles XOR, AND and INV gates only");
}

}  // namespace

Circuit load_circuit(const std::filesystem::path& path) {
  const duet::Circuit source = duet::Circuit::load(path);
  auto algorithm = std::make_shared<ENCRYPTO::AlgorithmDescription>();
  for (const std::size_t width : source.input_widths) algorithm->n_input_wires_parent_a_ += width;
  algorithm->n_output_wires_ = source.outputs.size();
  algorithm->n_wires_ = source.wires;
  algorithm->n_gates_ = source.gates.size();
  for (const duet::Gate& gate : source.gates) {
    algorithm->gates_.push_back(converted(gate, path));
  }
  for (std::size_t i = 0; i < source.outputs.size(); ++i) {
    if (source.outputs[i] != source.wires - source.outputs.size() + i) {
      throw duet::Error(path.string() + ": the outputs are not the last wires");
    }
  }
  return {source.input_widths, source.output_widths, source.and_gates, std::move(algorithm)};
}

}  // namespace ezmotion
