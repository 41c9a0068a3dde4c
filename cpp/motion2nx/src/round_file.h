// What both servers know of a round: the file that ezprivsecfl.runtime.standalone.Round writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "duet/digest.h"
#include "duet/proof.h"
#include "ezmotion/server.h"

namespace ezmotion {

// Of a number of clients: the public values, and for each output the place below which nothing is
// opened; or why a round of so many cannot be computed.
struct Publics {
  Tensors values;
  std::vector<unsigned> lowest;
  std::string refused;
};

// A value that every client shares: where it lies in an upload.
struct SharedInput {
  std::size_t vector;  // the first of the layout's vectors
  std::size_t entry;   // the first entry
  Shape shape;         // of one client's
};

struct Round {
  duet::Digest program;
  std::array<std::uint8_t, 16> id;
  std::size_t clients;
  std::unique_ptr<duet::ProofLayout> layout;
  std::vector<SharedInput> inputs;
  // Of each inner product that the program takes, which of the layout's add up to it.
  std::vector<std::vector<std::size_t>> products;
  std::map<std::size_t, Publics> publics;  // by number of clients
  duet::Digest digest;                     // of the file

  std::string id_text() const;
  // What a client's upload is bound to: as runtime/proofs.py's upload_context.
  std::vector<std::uint8_t> context(std::size_t client) const;
};

// UsageError if it cannot be read, or is none of this program.
Round read_round(const std::string& file, const Terms& terms);

std::string hexadecimal(std::span<const std::uint8_t> bytes);

}  // namespace ezmotion
