// Circuits on Boolean shares: Goldreich, Micali, Wigderson, "How to Play any Mental Game",
// STOC 1987, with AND triples prepared ahead (Beaver, CRYPTO 1991). A triple is shares of random
// bits a, b and of a·b. Its cross terms come from random oblivious transfers, one in each
// direction, without any correction: where the sender's two keys differ, a_p = k_0 ⊕ k_1, and the
// receiver chose b_q, the sender's k_0 and the receiver's k_{b_q} are shares of a_p·b_q (Asharov,
// Lindell, Schneider, Zohner, "More Efficient Oblivious Transfer", CCS 2013, section 5.1).
//
// An AND gate takes two transfers in the setup and four bits online, a fraction of a garbled gate's
// 32 bytes; but the online phase takes a message in each direction per layer of AND gates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "duet/boolean.h"
#include "duet/circuit.h"
#include "duet/cost.h"
#include "duet/kernel.h"
#include "duet/one_time.h"
#include "duet/session.h"

namespace duet {

// Evaluates a circuit element by element. Online: begin, then send and receive once per layer, then
// finish.
class EvaluateBoolean {
 public:
  static constexpr std::string_view kName = "evaluate_boolean";
  static KernelCosts costs(Sizes& sizes);

  // Prepares the triples for all elements.
  void setup(Session& session, const Circuit& circuit, const Shape& shape);

  // Known after the setup: the largest number of AND gates on any path.
  std::size_t layers() const { return layers_.size() - 1; }

  // All inputs have the shape of the setup and the widths of the circuit's.
  void begin(const Session& session, const BooleanInputs& inputs);
  void send(Session& session);
  void receive(Session& session);
  std::vector<BooleanTensor> finish();

  static Cost setup_cost(std::uint64_t and_gates, std::uint64_t elements, int ot_k);
  // For the AND gates of every layer.
  static Cost online_cost(std::span<const std::uint64_t> layers, std::uint64_t elements);

 private:
  struct Layer {
    std::vector<Gate> ands;
    std::vector<Gate> local;  // what follows, up to the next layer's AND gates
  };
  // Planes of a bit for every AND gate, in the order of the layers.
  struct Triples {
    BooleanTensor a, b, c;
  };

  void sort_gates();
  void run_local(const Layer& layer, int party);

  OneTime once_{"circuit on Boolean shares"};
  Circuit circuit_;
  Shape shape_;
  std::vector<Layer> layers_;  // the first has no AND gates
  Triples triples_;
  BooleanTensor wires_;
  BooleanTensor masked_;  // x ⊕ a and y ⊕ b for every AND gate of the current layer
  std::size_t layer_ = 0;
  std::size_t triple_ = 0;  // the next that is not used
};

}  // namespace duet
