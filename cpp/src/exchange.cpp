#include "duet/exchange.h"

namespace duet {

KernelCosts Exchange::costs(Sizes& sizes) { return {{}, online_cost(sizes["bytes"])}; }

std::vector<std::uint8_t> Exchange::run(Session& session, std::span<const std::uint8_t> mine,
                                        std::size_t limit) {
  session.begin(Phase::kAgreement);
  session.channel().send(mine);
  std::vector<std::uint8_t> other = session.channel().receive_any(limit);
  session.end();
  return other;
}

}  // namespace duet
