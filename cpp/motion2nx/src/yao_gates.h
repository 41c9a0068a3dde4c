// Operations on garbled values that the framework lacks, as gates of its graphs. Keys of a tensor
// lie bit by bit: first bit 0 of all elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ezmotion/circuit.h"
#include "gate/new_gate.h"
#include "protocols/yao/tensor.h"
#include "protocols/yao/yao_provider.h"

namespace ezmotion {

using YaoTensor = MOTION::proto::yao::YaoTensor;
using YaoInputs = std::vector<std::shared_ptr<const YaoTensor>>;

// Party 0 garbles: its gates work in the setup phase, the evaluator's online.
class YaoGate : public MOTION::NewGate {
 public:
  YaoGate(std::size_t gate_id, bool garbler, YaoInputs inputs)
      : NewGate(gate_id), garbler_(garbler), inputs_(std::move(inputs)) {}

  bool need_setup() const noexcept override { return garbler_; }
  bool need_online() const noexcept override { return !garbler_; }
  void evaluate_setup() override { evaluate(); }
  void evaluate_online() override { evaluate(); }

 protected:
  virtual void evaluate() = 0;

  bool is_garbler() const { return garbler_; }
  // All keys of all inputs, one input after the other.
  ENCRYPTO::block128_vector input_keys() const;
  void set_ready(YaoTensor& output) const;

 private:
  bool garbler_;
  YaoInputs inputs_;
};

// Picks keys: element i of the result's keys is element indices[i] of all inputs' keys.
class SelectKeys final : public YaoGate {
 public:
  SelectKeys(std::size_t gate_id, bool garbler, YaoInputs inputs, std::vector<std::size_t> indices,
             std::shared_ptr<YaoTensor> output)
      : YaoGate(gate_id, garbler, std::move(inputs)),
        indices_(std::move(indices)),
        output_(std::move(output)) {}

 private:
  void evaluate() override;

  std::vector<std::size_t> indices_;
  std::shared_ptr<YaoTensor> output_;
};

// A circuit on every element.
class GarbledCircuit final : public YaoGate {
 public:
  // `hash_index`: the first of the indices for its hashes, AND gates times elements of them, that
  // nothing else in the graph uses: a key that enters two gates with one index would give away the
  // garbler's secret offset.
  GarbledCircuit(std::size_t gate_id, bool garbler, MOTION::proto::yao::YaoProvider& provider,
                 const Circuit& circuit, std::uint64_t hash_index, YaoInputs inputs,
                 std::vector<std::shared_ptr<YaoTensor>> outputs);

 private:
  using Keys = ENCRYPTO::block128_vector;

  // A message of garbled tables for some of the elements stays well below the framework's limit.
  struct Chunk {
    std::size_t begin;
    std::size_t size;
    ENCRYPTO::ReusableFiberFuture<Keys> tables;  // the evaluator's
  };

  void evaluate() override;
  Keys evaluate(Chunk& chunk, std::size_t number, const Keys& inputs) const;

  MOTION::proto::yao::YaoProvider& provider_;
  std::shared_ptr<const ENCRYPTO::AlgorithmDescription> algorithm_;
  std::size_t and_gates_;
  std::uint64_t hash_index_;
  std::size_t elements_;
  std::vector<std::shared_ptr<YaoTensor>> outputs_;
  std::vector<Chunk> chunks_;
};

}  // namespace ezmotion
