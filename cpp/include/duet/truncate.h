// Fewer fractional bits: additive shares of x to shares of x / 2^bits, for a signed |x| < 2^62.
// x' = x + 2^62 is below 2^63, so its shares wrap around exactly if one of their top bits is set:
// w = m_0 OR m_1 with m_p known to party p. This is known-sign truncation,
// Rathee et al., "SIRNN: A Math Library for Secure RNN Inference", IEEE S&P 2021;
// each party then shifts its own share, and the carry between the low bits is left out, as in
// Huang, Lu, Hong, Ding, "Cheetah: Lean and Fast Secure Two-Party Deep Neural Network Inference",
// USENIX Security 2022, section 5. Here party 0 rounds its share down and party 1 up. With l_p the
// low bits of the shares, the result is below the quotient by (l_0 + l_1) / 2^bits - [l_1 > 0]:
// less than one unit of the last place at every magnitude. A quotient that is whole is exact; any
// other is rounded up or down, up with the probability of its fraction, so that errors average out.
//
// m_0·m_1 comes from random bits a (party 0's) and b (party 1's) and shares of a·b modulo 2^bits,
// for which the setup phase takes one correlated OT per element. Online, m_0 ⊕ a and m_1 ⊕ b are
// exchanged, at the same time.
//
// What is learnt: those two bits are uniform, whatever x is. Which way an element is rounded
// depends on its own low bits and on the low bits of the shares, which are uniform and independent
// of x: so results differ in the last place from run to run. They are shares again, for products
// and sums. Should one be opened, a party that knows its own low bits knows x to one unit of the
// last place, as it would if the quotient had been rounded down exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "duet/cost.h"
#include "duet/kernel.h"
#include "duet/one_time.h"
#include "duet/ring.h"
#include "duet/secret.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

class Truncate {
 public:
  static constexpr std::string_view kName = "truncate";
  static KernelCosts costs(Sizes& sizes);

  // 1 to 62 bits.
  void setup(Session& session, const Shape& shape, std::size_t bits);

  // One round.
  void send(Session& session, const Tensor<Ring>& share);
  Tensor<Ring> receive(Session& session);

  static Cost setup_cost(std::uint64_t elements, std::uint64_t bits, int ot_k);
  static Cost online_cost(std::uint64_t elements);

 private:
  OneTime once_{kName};
  unsigned bits_ = 0;
  SecretVector<std::uint8_t> mask_;  // a or b
  Tensor<Ring> product_;             // a share of a·b modulo 2^bits
  SecretVector<std::uint8_t> top_;   // m_p
  Tensor<Ring> shifted_;             // this party's share, shifted
};

}  // namespace duet
