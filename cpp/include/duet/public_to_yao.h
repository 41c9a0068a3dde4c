// The low `width` bits of a value that both know: the garbler sends its labels. One round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "duet/cost.h"
#include "duet/garbled_tensor.h"
#include "duet/kernel.h"
#include "duet/one_time.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

class PublicToYao {
 public:
  static constexpr std::string_view kName = "public_to_yao";
  static KernelCosts costs(Sizes& sizes);

  void setup(Session& session, const Shape& shape, std::size_t width);
  const GarbledTensor& labels() const { return labels_; }

  void send(Session& session, const Tensor<Ring>& value);
  GarbledTensor receive(Session& session);

  static constexpr Cost setup_cost() { return {}; }
  static constexpr Cost online_cost(std::uint64_t elements, std::uint64_t width) {
    return message_cost(kGarbler, elements * width * sizeof(Block));
  }

 private:
  OneTime once_{kName};
  GarbledTensor labels_;
};

}  // namespace duet
