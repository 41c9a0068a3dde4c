#include "duet/coins.h"

#include <span>

namespace duet {

KernelCosts Coins::costs(Sizes&) { return {setup_cost(), online_cost()}; }

void Coins::send(Session& session) {
  session.random().fill({reinterpret_cast<std::uint8_t*>(own_.data()), kBytes});
  session.channel().send(std::span<const std::uint32_t>(own_));
}

Tensor<Ring> Coins::receive(Session& session) {
  std::array<std::uint32_t, kBytes / 4> other{};
  session.channel().receive(std::span<std::uint32_t>(other));
  Tensor<Ring> coins({own_.size()});
  for (std::size_t i = 0; i < own_.size(); ++i) coins.data[i] = own_[i] ^ other[i];
  return coins;
}

}  // namespace duet
