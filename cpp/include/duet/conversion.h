// Into and out of garbled circuits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "duet/arith.h"
#include "duet/cost.h"
#include "duet/garbling.h"
#include "duet/one_time.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

// The low `width` bits of additive shares as garbled words, in two rounds. In the setup phase the
// evaluator picks a random r and gets its labels by OT. Online it sends x_1 + r, the garbler
// answers with the labels of x_0 + x_1 + r, and a garbled subtractor takes r off. (Conversion by OT
// on random bits, as in Demmler, Schneider, Zohner, "ABY", NDSS 2015, with the first addition moved
// out of the circuit.)
class ToYao {
 public:
  void setup(Session& session, const Shape& shape, std::size_t width);
  const GarbledTensor& labels() const { return subtract_.labels(); }

  // The first round, from the evaluator to the garbler, and the second, back.
  void send_masked(Session& session, const Tensor<Ring>& share);
  void receive_masked(Session& session);
  void send_labels(Session& session);
  GarbledTensor receive_labels(Session& session);

  static Cost setup_cost(std::uint64_t elements, std::uint64_t width, int ot_k);
  static Cost online_cost(std::uint64_t elements, std::uint64_t width);

 private:
  OneTime once_{"to_yao"};
  GarbledTensor masked_;  // garbler: zero labels of x + r
  GarbledTensor mask_;    // labels of r
  Tensor<Ring> r_;        // evaluator
  Tensor<Ring> sum_;      // garbler: x_0, then x + r
  Evaluate subtract_;
};

// The low `width` bits of a value that both know: the garbler sends its labels. One round.
class PublicToYao {
 public:
  void setup(Session& session, const Shape& shape, std::size_t width);
  const GarbledTensor& labels() const { return labels_; }

  void send(Session& session, const Tensor<Ring>& value);
  GarbledTensor receive(Session& session);

  static constexpr Cost setup_cost() { return {}; }
  static constexpr Cost online_cost(std::uint64_t elements, std::uint64_t width) {
    return message_cost(kGarbler, elements * width * sizeof(Block));
  }

 private:
  OneTime once_{"public_to_yao"};
  GarbledTensor labels_;
};

// A garbled two's complement number of at most 64 bits as additive shares, sign-extended: the
// garbler's share is a random r, the evaluator learns x - r from a garbled subtractor. Local
// online.
class FromYao {
 public:
  void setup(Session& session, const GarbledTensor& labels);
  Tensor<Ring> online(Session& session, const GarbledTensor& value);

  static Cost setup_cost(std::uint64_t elements);
  static constexpr Cost online_cost() { return {}; }

 private:
  OneTime once_{"from_yao"};
  Tensor<Ring> r_;        // garbler
  Tensor<Ring> colours_;  // evaluator: of the zero labels of x - r
  Evaluate subtract_;
};

// Opens garbled words of at most 64 bits to both, as unsigned numbers: the evaluator sends what the
// colours of the zero labels, known since the setup, tell it. One round.
class OpenYao {
 public:
  void setup(Session& session, const GarbledTensor& labels);

  void send(Session& session, const GarbledTensor& value);
  Tensor<Ring> receive(Session& session);

  static Cost setup_cost(std::uint64_t elements, std::uint64_t width);
  static Cost online_cost(std::uint64_t elements, std::uint64_t width);

 private:
  OneTime once_{"open_yao"};
  std::size_t width_ = 0;
  Tensor<Ring> colours_;  // of the zero labels
  Tensor<Ring> opened_;   // evaluator
};

}  // namespace duet
