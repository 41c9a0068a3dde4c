#include "duet/product_method.h"

#include <stdexcept>

namespace duet {

Products products_named(const std::string& name) {
  if (name == "auto") return Products::kCheapest;
  if (name == "transfer") return Products::kTransfer;
  if (name == "lattice") return Products::kLattice;
  throw std::invalid_argument("'" + name + "' is none of auto, transfer, lattice");
}

}  // namespace duet
