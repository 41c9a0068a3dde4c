// Garbled circuits.
// Half gates (two blocks per AND): Zahur, Rosulek, Evans, "Two Halves Make a Whole: Reducing Data
// Transfer in Garbled Circuits Using Half Gates", EUROCRYPT 2015; free XOR: Kolesnikov, Schneider,
// ICALP 2008; point-and-permute: Beaver, Micali, Rogaway, STOC 1990. The hash is that of hash.h,
// which Guo, Katz, Wang, Yu (IEEE S&P 2020) show to suffice for half gates.
//
// A wire's two labels differ by the offset Δ. The offset is the Δ of the correlated OTs of which
// party 0 is the sender: so an OT yields a label that the evaluator chooses, without any further
// message (to_yao.h). That is safe although pads of products come from the same OTs: every pad
// and every gate is a hash under Δ, and Session::reserve_tweaks never gives two of them the same
// tweak. The hash stays secure for any number of uses of one Δ under different tweaks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "duet/block.h"
#include "duet/circuit.h"
#include "duet/cost.h"
#include "duet/garbled_tensor.h"
#include "duet/kernel.h"
#include "duet/one_time.h"
#include "duet/session.h"

namespace duet {

// Evaluates a circuit element by element.
class Evaluate {
 public:
  static constexpr std::string_view kName = "evaluate";
  static KernelCosts costs(Sizes& sizes);

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
