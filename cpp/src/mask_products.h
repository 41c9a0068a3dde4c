// What products and squares of masks (duet/product.h, duet/square.h) have in common: they come from
// oblivious transfer or from lattice encryption.
#pragma once

#include <span>

#include "duet/cost.h"
#include "duet/product_method.h"
#include "duet/ring.h"
#include "duet/session.h"
#include "rlwe_layout.h"

namespace duet {

// Whether lattice encryption computes a product: if that is chosen, or sends less, and if its noise
// bound and what one key may answer allow. std::invalid_argument if it is chosen and they do not.
// `larger`: the layout of the direction with more answers.
bool takes_lattice(Products choice, const RlweLayout& larger, const Cost& lattice,
                   const Cost& transfer);

// Adds this party's shares of both directions' products to `out`.
void by_lattice(Session& session, RlweLayoutPtr mine, const Rows& left, RlweLayoutPtr theirs,
                const Rows& right, std::span<Ring> out);

// Processor time of one party for products by oblivious transfer, estimated.
double transfer_seconds(const Cost& cost);

}  // namespace duet
