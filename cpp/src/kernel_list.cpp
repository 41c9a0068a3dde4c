// All kernels: the one list that a new kernel is added to.
#include <algorithm>
#include <array>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "duet/add_noise.h"
#include "duet/agreement.h"
#include "duet/client_proofs.h"
#include "duet/coins.h"
#include "duet/confirm_round.h"
#include "duet/evaluate.h"
#include "duet/evaluate_boolean.h"
#include "duet/exchange.h"
#include "duet/from_boolean.h"
#include "duet/from_yao.h"
#include "duet/kernel.h"
#include "duet/mask.h"
#include "duet/open_arith.h"
#include "duet/open_yao.h"
#include "duet/opening.h"
#include "duet/product.h"
#include "duet/public_to_yao.h"
#include "duet/session_setup.h"
#include "duet/share_gram.h"
#include "duet/share_product.h"
#include "duet/share_square.h"
#include "duet/square.h"
#include "duet/to_yao.h"
#include "duet/truncate.h"

namespace duet {
namespace {

struct Declaration {
  std::string_view name;
  KernelCosts (*costs)(Sizes&);
};

template <class Kernel>
concept DeclaresCosts = requires(Sizes& sizes) {
  { Kernel::kName } -> std::convertible_to<std::string_view>;
  { Kernel::costs(sizes) } -> std::same_as<KernelCosts>;
};

template <DeclaresCosts... Kernels>
constexpr auto declarations() {
  return std::array{Declaration{Kernels::kName, &Kernels::costs}...};
}

// clang-format off
constexpr auto kDeclarations = declarations<
    AddNoise,
    Agreement,
    BaseTransfers,
    ClientProofs,
    Coins,
    ConfirmRound,
    Evaluate,
    EvaluateBoolean,
    Exchange,
    FromBoolean,
    FromYao,
    LatticeKeys,
    Mask,
    OpenArith,
    Opening,
    OpenYao,
    Product,
    PublicToYao,
    ShareGram,
    ShareProduct,
    ShareSquare,
    Square,
    ToYao,
    Truncate>();
// clang-format on

}  // namespace

KernelCosts declared_costs(const std::string& kernel, std::map<std::string, Sizes::Value> sizes) {
  const auto found = std::ranges::find(kDeclarations, kernel, &Declaration::name);
  if (found == kDeclarations.end()) throw std::invalid_argument("no kernel '" + kernel + "'");
  Sizes given(std::move(sizes));
  const KernelCosts costs = found->costs(given);
  given.check_all_asked();
  return costs;
}

}  // namespace duet
