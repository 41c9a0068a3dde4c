// A program as the compiler emits them, written by hand: for clients' vectors x_i of 6 numbers and
// a public g, the sum of relu(x_i·g)·x_i, and the sum of all |x_i|².
#include <string>
#include <utility>

#include "duet/circuit.h"
#include "duet/evaluate.h"
#include "duet/from_yao.h"
#include "duet/linear.h"
#include "duet/mask.h"
#include "duet/product.h"
#include "duet/program.h"
#include "duet/public_to_yao.h"
#include "duet/square.h"
#include "duet/to_yao.h"

namespace {

using namespace duet;

// 0 if the sign bit is set. A number that is not negative has 63 bits.
Circuit relu() {
  std::string text = "64 128\n1 64\n1 63\n1 1 63 64 INV\n";
  for (int i = 0; i < 63; ++i) {
    text += "2 1 " + std::to_string(i) + " 64 " + std::to_string(65 + i) + " AND\n";
  }
  return Circuit::parse(text);
}

class Example final : public Program {
 public:
  const char* name() const override { return "example"; }

  void setup(Session& s, std::size_t n) override {
    mask_x.setup(s, {n, 6});
    norms.setup(s, mask_x.mask());
    to_yao.setup(s, {n}, 64);
    positive.setup(s, relu(), {to_yao.labels()});
    // One more wire, which is always 0, would be the sign: 63 bits would be read as negative.
    zero.setup(s, {n}, 1);
    widen.setup(s, join(), {positive.labels(), zero.labels()});
    from_yao.setup(s, widen.labels());
    mask_w.setup(s, {n});
    weighted.setup(s, reshape(mask_w.mask(), {1, 1, n}), reshape(mask_x.mask(), {1, n, 6}));
  }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const std::vector<Tensor<Ring>>& publics) override {
    const Tensor<Ring>& x = shares.at(0);
    const std::size_t n = x.shape.at(0);
    const Tensor<Ring> similarity = reshape(matmul(x, reshape(publics.at(0), {6, 1})), {n});
    // Round 1
    mask_x.send(s, x);
    to_yao.send_masked(s, similarity);
    const Masked masked_x = mask_x.receive(s);
    to_yao.receive_masked(s);
    // Round 2
    to_yao.send_labels(s);
    zero.send(s, Tensor<Ring>({n}));
    const GarbledTensor similarity_y = to_yao.receive_labels(s);
    const GarbledTensor zero_y = zero.receive(s);
    const auto positive_y = positive.online(s, {similarity_y});
    const auto weight_y = widen.online(s, {positive_y[0], zero_y});
    const Tensor<Ring> weight = from_yao.online(s, weight_y[0]);
    // Round 3
    mask_w.send(s, weight);
    const Masked masked_w = mask_w.receive(s);
    const Tensor<Ring> total =
        weighted.online(s, reshape(masked_w, {1, 1, n}), reshape(masked_x, {1, n, 6}));
    const Tensor<Ring> norm = sum(norms.online(s, masked_x), {0});
    outputs = {{reshape(total, {6})}, {norm}};
    return {};
  }

  // Round 4
  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  static Circuit join() {
    std::string text = "64 128\n2 63 1\n1 64\n";
    for (int i = 0; i < 64; ++i) {
      text += "1 1 " + std::to_string(i) + " " + std::to_string(64 + i) + " EQW\n";
    }
    return Circuit::parse(text);
  }

  Mask mask_x, mask_w;
  Square norms;
  Product weighted;
  ToYao to_yao;
  PublicToYao zero;
  Evaluate positive, widen;
  FromYao from_yao;
  std::vector<Sealed> outputs;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new Example; }
