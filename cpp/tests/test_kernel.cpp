#include <cmath>
#include <string>
#include <vector>

#include "check.h"
#include "duet/kernel.h"
#include "duet/mask.h"
#include "duet/product.h"

namespace {

using namespace duet;
using Given = std::map<std::string, Sizes::Value>;

void costs_are_those_of_the_kernel() {
  const KernelCosts mask = declared_costs("mask", Given{{"elements", std::uint64_t{10}}});
  CHECK(mask.setup == Cost{} && mask.online == Mask::online_cost(10));
  CHECK(mask.flooding == Flooding{});
  // Where a kernel does not say more, its time follows from its bytes, those of both directions.
  CHECK(std::abs(mask.cpu_seconds / (192 * 0.95e-9) - 1) < 1e-9);
  Given sizes{{"batch", std::uint64_t{1}},
              {"m", std::uint64_t{1}},
              {"k", std::uint64_t{30}},
              {"n", std::uint64_t{3372}}};
  CHECK(declared_costs("product", sizes).setup == Product::setup_cost({1, 1, 30, 3372}, 4));
  sizes["method"] = "transfer";
  sizes["ot_k"] = std::uint64_t{8};
  CHECK(declared_costs("product", sizes).setup ==
        Product::setup_cost({1, 1, 30, 3372}, 8, Products::kTransfer));
}

void what_is_wrong_is_said() {
  const auto refusal = [](const std::string& kernel, const Given& sizes) {
    return message_of<SizesError>([&] { declared_costs(kernel, sizes); });
  };
  CHECK(refusal("mask", {}) == "missing 'elements'");
  CHECK(refusal("mask", {{"elements", "ten"}}) == "'elements' is of the wrong type");
  CHECK(refusal("coins", {{"elements", std::uint64_t{1}}}) == "unexpected 'elements'");
  CHECK(message_of<std::invalid_argument>([] { declared_costs("cube", {}); }) ==
        "no kernel 'cube'");
  CHECK(message_of<std::invalid_argument>([] {
          declared_costs("session", {{"ot_k", std::uint64_t{3}}});
        }) == "ot_k is 1, 2, 4 or 8");
  CHECK(message_of<std::invalid_argument>([] { products_named("ot"); }) ==
        "'ot' is none of auto, transfer, lattice");
}

}  // namespace

int main() {
  costs_are_those_of_the_kernel();
  what_is_wrong_is_said();
}
