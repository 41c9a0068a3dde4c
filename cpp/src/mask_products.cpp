#include "mask_products.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "calibration.h"
#include "duet/flooding.h"
#include "rlwe.h"
#include "rlwe_product.h"

namespace duet {
namespace {

std::size_t uploads_per_answer(const RlweLayout& layout) {
  std::size_t most = 0;
  for (std::size_t answer = 0; answer < layout.answers(); ++answer) {
    const Range uploads = layout.uploads_of(answer);
    most = std::max(most, uploads.end - uploads.begin);
  }
  return most;
}

}  // namespace

bool takes_lattice(Products choice, const RlweLayout& larger, const Cost& lattice,
                   const Cost& transfer) {
  const std::size_t uploads = uploads_per_answer(larger);
  const double flooding = larger.flooding();
  const bool is_exact = uploads <= kMostUploads;
  const bool is_possible = is_exact && flooding <= kFloodingBudget;
  if (choice == Products::kLattice && !is_possible) {
    throw std::invalid_argument(is_exact ? "too large a product for lattice encryption: it takes " +
                                               std::to_string(flooding / kFloodingBudget) +
                                               " times what one key may answer"
                                         : "too long a product for lattice encryption: it takes " +
                                               std::to_string(uploads) + " uploads, of at most " +
                                               std::to_string(kMostUploads));
  }
  if (uploads == 0 || !is_possible) return false;  // nothing to compute, or no room
  if (choice != Products::kCheapest) return choice == Products::kLattice;
  return lattice.bytes[0] + lattice.bytes[1] < transfer.bytes[0] + transfer.bytes[1];
}

void by_lattice(Session& session, RlweLayoutPtr mine, const Rows& left, RlweLayoutPtr theirs,
                const Rows& right, std::span<Ring> out) {
  RlweExchange exchange(session, std::move(mine), std::move(theirs));
  exchange.send_uploads(session, left);
  exchange.receive_uploads(session, right, out);
  exchange.send_answers(session);
  exchange.receive_answers(session, out);
}

double transfer_seconds(const Cost& cost) {
  return calibration::kTransferProductByte * static_cast<double>(cost.bytes[0] + cost.bytes[1]);
}

}  // namespace duet
