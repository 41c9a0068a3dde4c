// Boolean shares to additive shares, with bits prepared in both sharings ("daBits": Rotaru, Wood,
// "MArBled Circuits: Mixing Arithmetic and Boolean Circuits with Active Security", INDOCRYPT 2019;
// here for semi-honest parties). In the setup phase every bit gets a random r = r_0 ⊕ r_1, with
// r_p known to party p, as additive shares of r_0 + r_1 - 2·r_0·r_1; the product comes from one
// correlated oblivious transfer, modulo what bit i with its weight 2^i needs. Online, d = x ⊕ r is
// opened, and x = d + (1 - 2·d)·r is local.
#pragma once

#include <cstdint>
#include <string_view>

#include "duet/boolean.h"
#include "duet/cost.h"
#include "duet/kernel.h"
#include "duet/one_time.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

// Words of at most 64 bits in two's complement, sign-extended. One round, a bit per bit and
// direction.
class FromBoolean {
 public:
  static constexpr std::string_view kName = "from_boolean";
  static KernelCosts costs(Sizes& sizes);

  void setup(Session& session, const Shape& shape, std::size_t width);

  void send(Session& session, const BooleanTensor& value);
  Tensor<Ring> receive(Session& session);

  static Cost setup_cost(std::uint64_t elements, std::uint64_t width, int ot_k);
  static Cost online_cost(std::uint64_t elements, std::uint64_t width);

 private:
  OneTime once_{kName};
  BooleanTensor bits_;         // this party's r_p; online, masked with it: its share of d
  SecretVector<Ring> shares_;  // of r, for every bit of every element
  int party_ = 0;
};

}  // namespace duet
