// One graph of the framework: built by both servers in the same order, then run once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "duet/linear.h"
#include "duet/ring.h"
#include "duet/tensor.h"
#include "ezmotion/circuit.h"
#include "ezmotion/connection.h"
#include "tensor/tensor.h"

namespace ezmotion {

using duet::Ring;
using duet::Shape;
using duet::Tensor;
using Tensors = std::vector<Tensor<Ring>>;

// Beaver triples, or ABY2.0.
enum class Arithmetic { kGmw, kBeavy };

// A secret-shared value inside a graph.
struct Arith {
  Shape shape;
  MOTION::tensor::TensorCP tensor;
};

// A garbled value inside a graph: `width` wires for every element.
struct Yao {
  Shape shape;
  std::size_t width;
  MOTION::tensor::TensorCP tensor;
};

// Called when the graph is built, to learn the shape of the result, and when it is run.
using LinearFunction = std::function<Tensor<Ring>(const Tensors&)>;

class Graph {
 public:
  Graph(Connection& connection, Arithmetic arithmetic);
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph();

  // This server's additive share of a value, x = x_0 + x_1 modulo 2^64.
  Arith input(const Tensor<Ring>& share);

  // [..., m, k] x [..., k, r] -> [..., m, r] with equal leading axes. The smaller operand should be
  // the left one.
  Arith gemm(const Arith& a, const Arith& b);

  // Element by element.
  Arith square(const Arith& x);

  // A function that is linear modulo 2^64 in all its operands together.
  Arith linear(const std::vector<Arith>& x, const LinearFunction& function);

  // x + c, broadcast to their common shape, for a value c that both servers know.
  Arith add_public(const Arith& x, const Tensor<Ring>& c);

  // The low `width` bits.
  Yao to_yao(const Arith& x, std::size_t width);

  // Two's complement, sign-extended.
  Arith from_yao(const Yao& x);

  // Evaluates a circuit on every element; the inputs have one shape.
  std::vector<Yao> circuit(const Circuit& circuit, const std::vector<Yao>& x);

  // Moves whole elements: `function`, applied to tensors of elements' numbers, gives a tensor that
  // says which element comes where.
  Yao move(const std::vector<Yao>& x, const LinearFunction& function);

  void run();

  // After run(): this server's additive share.
  Tensor<Ring> share(const Arith& x) const;

 private:
  class Backend;

  // Element i of bit j of the result is element number `indices[j * size + i]` of all operands'
  // keys, one operand after the other.
  Yao select(const std::vector<Yao>& x, Shape shape, std::size_t width,
             std::vector<std::size_t> indices);
  Arith mapped(const std::vector<Arith>& x, const LinearFunction& on_shares,
               const LinearFunction& on_public, const MOTION::tensor::TensorDimensions* dimensions);
  Arith matrix(const Arith& x, std::size_t rows, std::size_t columns, std::size_t entry);

  Connection& connection_;
  Arithmetic arithmetic_;
  std::unique_ptr<Backend> backend_;
  std::uint64_t next_hash_index_;
};

}  // namespace ezmotion
