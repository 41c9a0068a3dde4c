// What computes products of masks.
#pragma once

#include <string>

namespace duet {

// Oblivious transfer, lattice encryption, or whichever of the two sends less.
enum class Products { kCheapest, kTransfer, kLattice };

// From "auto", "transfer" or "lattice"; std::invalid_argument for any other name.
Products products_named(const std::string& name);

}  // namespace duet
