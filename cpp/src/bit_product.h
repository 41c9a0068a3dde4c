// Additive shares of products of two bits, one known to each party: Gilboa, "Two Party RSA Key
// Generation", CRYPTO 1999, with a single bit (see gilboa.h for numbers). Party 1 chooses by its
// bit between party 0's keys k_0 and k_1; with the correction k_0 - k_1 + a it has k_0 + a·b, and
// party 0 has -k_0. One correlated OT per product.
#pragma once

#include <cstdint>
#include <span>

#include "duet/cost.h"
#include "duet/ring.h"
#include "duet/session.h"

namespace duet {

// Sets shares[i] to this party's share of the product of both parties' bits[i]. It only matters
// modulo 2^w, with w = widths[i mod the number of widths] from 1 to 64: corrections have as many
// bytes as that takes. One round per 2^16 products, which is what is in memory at once.
void bit_products(Session& session, std::span<const std::uint8_t> bits,
                  std::span<const unsigned> widths, std::span<Ring> shares);

Cost bit_products_cost(std::uint64_t count, std::span<const unsigned> widths, int ot_k);

}  // namespace duet
