// Circuits on Boolean shares: Goldreich, Micali, Wigderson, "How to Play any Mental Game",
// STOC 1987, with AND triples prepared ahead (Beaver, CRYPTO 1991). A triple is shares of random
// bits a, b and of a·b. Its cross terms come from random oblivious transfers, one in each
// direction, without any correction: where the sender's two keys differ, a_p = k_0 ⊕ k_1, and the
// receiver chose b_q, the sender's k_0 and the receiver's k_{b_q} are shares of a_p·b_q (Asharov,
// Lindell, Schneider, Zohner, "More Efficient Oblivious Transfer", CCS 2013, section 5.1).
//
// Keys have more bits than one: AND gates with a common operand, its *factor*, share transfers,
// with a bit of the keys for each gate. The receiver chooses by its share of a random bit a; where
// the sender's keys differ are its shares of the random bits b_1, b_2, ... And x ⊕ a is opened once
// for all of them. (A product of a bit and a word, as in section 5.1 of the same paper, where the
// bits of the word may be known in different layers.) So a selection between two words takes as
// many transfers as one AND gate.
//
// A factor takes two transfers in the setup and two bits online, a gate another two bits online, a
// fraction of a garbled gate's 32 bytes; but the online phase takes a message in each direction per
// layer of AND gates.
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

  static Cost setup_cost(std::uint64_t factors, std::uint64_t elements, int ot_k);
  // For the bits of an element that each layer opens: its AND gates, and the factors that are new.
  static Cost online_cost(std::span<const std::uint64_t> openings, std::uint64_t elements);

 private:
  struct And {
    Gate gate;
    std::size_t factor;
    std::size_t triple;
  };
  struct Layer {
    std::vector<std::size_t> factors;  // those that no layer before has
    std::vector<And> ands;
    std::vector<Gate> local;  // what follows, up to the next layer's AND gates
  };
  // A wire that AND gates have as their first operand, and their triples, which follow each other.
  struct Factor {
    std::uint32_t wire;
    std::size_t first_triple = 0;
    std::size_t gates = 0;
  };
  // Planes: a of every factor, b and c = a·b of every AND gate.
  struct Triples {
    BooleanTensor a, b, c;
  };

  std::vector<And> find_factors();
  void sort_gates();
  void store_triples(std::size_t transfer, std::span<const std::uint8_t> a,
                     std::span<const std::uint64_t> b, std::span<const std::uint64_t> c);
  void run_local(const Layer& layer, int party);

  OneTime once_{"circuit on Boolean shares"};
  Circuit circuit_;
  Shape shape_;
  std::vector<Factor> factors_;
  std::vector<Layer> layers_;  // the first has no AND gates
  Triples triples_;
  BooleanTensor wires_;
  BooleanTensor masked_;  // x ⊕ a of the current layer's new factors x, then y ⊕ b of its AND gates
  BooleanTensor opened_;  // x ⊕ a of all factors so far
  std::size_t layer_ = 0;
};

}  // namespace duet
