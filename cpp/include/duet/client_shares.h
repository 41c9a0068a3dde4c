// This party's shares of all clients' values in a round, wherever they are: what a seed stands for
// is expanded where it is read, and what is in a file is read from there, a piece of a row at a
// time. So no party needs memory for all of them at once, unless the program asks for a whole
// tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "duet/block.h"
#include "duet/proof.h"
#include "duet/ring.h"
#include "duet/rows.h"
#include "duet/shared_rows.h"
#include "duet/tensor.h"

namespace duet {

// Server 0's: entries of one stream of each client's key (prg.h).
std::unique_ptr<Rows> seeded_rows(std::span<const Block> keys, std::uint64_t stream);

// Server 1's: 8 bytes for each entry in a file that does not change, from each client's offset on.
// Error if it ends too early.
std::unique_ptr<Rows> file_rows(int file, std::vector<std::uint64_t> offsets);

// Server 0's of a parameter that is one of the layout's vectors, or several from that one on.
SharedRows seeded_shares(const ProofLayout& layout, std::span<const Block> keys, std::size_t vector,
                         Shape shape);

class ClientShares {
 public:
  ClientShares() = default;
  ClientShares(std::initializer_list<Tensor<Ring>> tensors);

  void add(SharedRows shares) { inputs_.push_back(std::move(shares)); }

  std::size_t clients() const { return rows(0).clients(); }
  const SharedRows& rows(std::size_t input) const { return inputs_.at(input); }
  // All of one input's; nobody else keeps them.
  Tensor<Ring> at(std::size_t input) const { return rows(input).tensor(); }

 private:
  std::vector<SharedRows> inputs_;
};

}  // namespace duet
