// Shares of products of which one party knows one factor and the other party the other:
// Gilboa, "Two Party RSA Key Generation", CRYPTO 1999. With u = Σ 2^j·u_j in bits, an OT per bit
// lets the receiver, who knows u, have either s or s + v, of which the sender knows both:
// u·v = Σ 2^j·(s_j + u_j·v) - Σ 2^j·s_j. Here s is the hash of a correlated OT's block, so one
// correction goes over the wire, as in
// Asharov, Lindell, Schneider, Zohner, "More Efficient Oblivious Transfer", CCS 2013.
// Bit j only matters modulo 2^(64-j), so its corrections have only as many bytes as that takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "duet/cost.h"
#include "duet/ring.h"
#include "duet/session.h"

namespace duet {

// `batch` products of matrices, rows x inner (whose entries' bits are the OTs' choices) with
// inner x columns (whose rows the OTs carry), modulo 2^bits.
struct GilboaSize {
  std::size_t batch;
  std::size_t rows;
  std::size_t inner;
  std::size_t columns;
  unsigned bits;

  std::size_t choices() const { return batch * rows * inner; }
};

// Which entries of the left matrices, in row-major order, a direction of OTs covers.
struct Range {
  std::size_t begin;
  std::size_t end;

  bool operator==(const Range&) const = default;
};

constexpr std::size_t size(const Range& range) { return range.end - range.begin; }

// Adds to `out` (batch x rows x columns) this party's shares of two terms: its own `left` with the
// peer's right over the range `receive`, and the peer's left with its own `right` over `send`.
// The peer calls it with the ranges swapped. Both directions run side by side, so that both
// parties work at the same time.
void gilboa(Session& session, const GilboaSize& size, std::span<const Ring> left, Range receive,
            std::span<const Ring> right, Range send, std::span<Ring> out);

// sends_0 and sends_1: the ranges over which party 0 and party 1 are the senders.
Cost gilboa_cost(const GilboaSize& size, Range sends_0, Range sends_1, int ot_k);

}  // namespace duet
