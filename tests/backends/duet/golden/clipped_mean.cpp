// clipped_mean, for 9 clients at most.
// Emitted by ezcompile. Both servers run this program; s.party() is 0 (the garbler) or 1 (the evaluator).
#include <cstddef>
#include <utility>
#include <vector>

#include "duet/linear.h"
#include "duet/opening.h"
#include "duet/program.h"

namespace {

using namespace duet;

class ClippedMeanProgram final : public Program {
 public:
  const char* name() const override { return "clipped_mean"; }

  // Independent of all inputs: masks, products of masks, garbled circuits.
  void setup(Session& s, std::size_t n) override {
    static_cast<void>(n);
    static_cast<void>(s);
  }

  std::vector<Tensor<Ring>> online(Session& s, const ClientShares& shares,
                                   const std::vector<Tensor<Ring>>& publics) override {
    const std::size_t n = shares.clients();
    static_cast<void>(n);
    static_cast<void>(publics);
    const SharedRows v0 = shares.rows(0);
    const Tensor<Ring> v1 = sum(v0, {0});

    // To be opened once the counts have been judged
    outputs = {{v1, 24U}};
    return {};
  }

  std::vector<Opened> reveal(Session& s, const std::vector<unsigned>& lowest) override {
    return open_together(s, std::move(outputs), lowest);
  }

 private:
  std::vector<Sealed> outputs;
};

}  // namespace

extern "C" duet::Program* duet_program() { return new ClippedMeanProgram; }
