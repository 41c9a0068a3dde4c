// Garbled circuits: party 0 garbles, party 1 evaluates.
// Half gates (two blocks per AND): Zahur, Rosulek, Evans, "Two Halves Make a Whole: Reducing Data
// Transfer in Garbled Circuits Using Half Gates", EUROCRYPT 2015; free XOR: Kolesnikov, Schneider,
// ICALP 2008; point-and-permute: Beaver, Micali, Rogaway, STOC 1990. The hash is that of hash.h,
// which Guo, Katz, Wang, Yu (IEEE S&P 2020) show to suffice for half gates.
//
// A wire's two labels differ by the offset Δ. The offset is the Δ of the correlated OTs of which
// party 0 is the sender: so an OT yields a label that the evaluator chooses, without any further
// message (conversion.h). That is safe although pads of products come from the same OTs: every pad
// and every gate is a hash under Δ, and Session::reserve_tweaks never gives two of them the same
// tweak. The hash stays secure for any number of uses of one Δ under different tweaks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "duet/block.h"
#include "duet/circuit.h"
#include "duet/cost.h"
#include "duet/one_time.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

inline constexpr int kGarbler = 0;
inline constexpr int kEvaluator = 1;

// A tensor of words of `width` wires. The label of wire i of element e is labels[e · width + i]: at
// the garbler the wire's zero label, at the evaluator the label of the wire's value. In the setup
// phase the evaluator has no labels yet (the vector is empty), only the shape.
struct GarbledTensor {
  Shape shape{};
  std::size_t width = 0;
  SecretVector<Block> labels{};

  std::size_t elements() const { return element_count(shape); }
};

inline const Shape& shape_of(const GarbledTensor& value) { return value.shape; }
GarbledTensor with_shape(GarbledTensor value, Shape shape);
GarbledTensor pick(const GarbledTensor& value, Shape shape, std::span<const std::size_t> indices);
GarbledTensor append(GarbledTensor value, const GarbledTensor& more);

using GarbledInputs = std::vector<std::reference_wrapper<const GarbledTensor>>;

// Evaluates a circuit element by element.
class Evaluate {
 public:
  // The garbler garbles the circuit for every element and sends the tables. All inputs have one
  // shape (bring them to it with the functions of tensor.h) and the widths of the circuit's.
  void setup(Session& session, const Circuit& circuit, const GarbledInputs& inputs);

  // Output i as it is known after the setup.
  const GarbledTensor& labels(std::size_t i = 0) const { return outputs_.at(i); }

  // All outputs. Local.
  std::vector<GarbledTensor> online(const Session& session, const GarbledInputs& inputs);

  static Cost setup_cost(std::uint64_t and_gates, std::uint64_t elements);
  static constexpr Cost online_cost() { return {}; }

 private:
  OneTime once_{"circuit"};
  Circuit circuit_;
  std::uint64_t tweak_ = 0;
  std::vector<Block> tables_;  // evaluator
  std::vector<GarbledTensor> outputs_;
};

}  // namespace duet
