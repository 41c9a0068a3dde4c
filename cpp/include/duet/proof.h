// A client's proof about its own values, checked by two servers that each know one share of them.
//
// Shares are integers: a is uniform in [0, 2^w) and b = (x - a) mod 2^w, for w of at least 64 bits,
// and a client sees to it that x = a + b - 2^w holds without the modulus. So each server's share is
// a vector of integers that it knows, |x|^2 is |a|^2 + |b|^2 + 2<a,b> up to what is linear, and
// only <a,b> needs both. The client knows both and proves it: the products of its rows, as
// polynomials with integer coefficients, add up to one polynomial of which each server gets a
// share. Modulo a random prime and at a random point, both drawn once all uploads are there, server
// 0 sends the values of its rows, and server 1 multiplies them with its own and compares. The inner
// product <x,y> of two vectors needs <a_x,b_y> + <a_y,b_x> from both: one polynomial more, and no
// other values of rows.
//
// That is the proof of Boneh, Boneh, Corrigan-Gibbs, Gilboa, Ishai (CRYPTO 2019, section 4) for one
// inner product, over the integers instead of a field; docs/client-proofs.md has the protocol and
// its theorems.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "duet/block.h"
#include "duet/prg.h"
#include "duet/ring.h"
#include "duet/secret.h"

namespace duet {

inline constexpr unsigned kMostShareBits = 104;
inline constexpr std::size_t kLongestRow = 4096;

// Some of a client's values, one after the other.
struct ProofVector {
  std::size_t entries;
  unsigned bits;    // of a share: 64, 72, ..., kMostShareBits
  std::size_t row;  // entries of a row, a power of two up to kLongestRow; 0: nothing is said of
                    // their squares
};

// square·|x|^2 + sum·(the sum of all x) of one vector.
struct ProofTerm {
  std::size_t vector;
  std::int64_t square;
  std::int64_t sum;
};

// The terms add up to a constant, over the integers: a number in two's complement, little-endian.
struct ProofStatement {
  std::vector<ProofTerm> terms;
  std::array<std::uint8_t, 32> constant;
};

// Every `length` entries of a vector, one after the other, add up to 1, over the integers: one
// statement for each part, as of vectors that are one-hot.
struct ProofUnitSums {
  std::size_t vector;
  std::size_t length;
};

// The inner product of two vectors that are as long, in rows of the same length; of one with
// itself, its squared norm.
struct ProofProduct {
  std::size_t first;
  std::size_t second;

  bool is_square() const { return first == second; }
};

// What all clients of a program upload, and what of it is proved.
class ProofLayout {
 public:
  // `products`: of which the servers get shares. std::invalid_argument unless all sizes are as said
  // above, and parts of a length fill their vector.
  ProofLayout(std::vector<ProofVector> vectors, std::vector<ProofStatement> statements,
              std::vector<ProofProduct> products, std::vector<ProofUnitSums> unit_sums = {});

  const std::vector<ProofVector>& vectors() const { return vectors_; }
  const std::vector<ProofStatement>& statements() const { return statements_; }
  const std::vector<ProofProduct>& products() const { return products_; }
  const std::vector<ProofUnitSums>& unit_sums() const { return unit_sums_; }
  // Those of the parts of unit sums, too.
  std::size_t all_statements() const { return all_statements_; }

  std::size_t rows(std::size_t vector) const;
  std::size_t all_rows() const { return rows_; }
  // Of the polynomial: 2·row for each vector, side by side, and then for each product of two.
  std::size_t coefficients() const { return coefficients_; }

  // Server 1's upload: the low 64 bits of its shares, which are the shares modulo 2^64; their other
  // bits; and its share of the polynomial, 32 bytes for each coefficient.
  std::size_t entries() const { return entries_; }
  std::size_t high_bytes() const { return high_bytes_; }
  std::size_t proof_bytes() const { return 32 * coefficients_; }

  // What server 0 sends for each client.
  std::size_t message_bytes() const;

 private:
  std::vector<ProofVector> vectors_;
  std::vector<ProofStatement> statements_;
  std::vector<ProofProduct> products_;
  std::vector<ProofUnitSums> unit_sums_;
  std::size_t all_statements_ = 0;
  std::size_t entries_ = 0;
  std::size_t high_bytes_ = 0;
  std::size_t rows_ = 0;
  std::size_t coefficients_ = 0;
};

// What a client sends: to server 0 a seed, to server 1 the rest.
struct ProvenUpload {
  Block seed;
  SecretVector<Ring> low;
  SecretVector<std::uint8_t> high;
  SecretVector<std::uint8_t> proof;
};

// Server 1's part of an upload.
struct MaskedUpload {
  std::span<const Ring> low;
  std::span<const std::uint8_t> high;
  std::span<const std::uint8_t> proof;
};

// What all of a client's shares are derived from: its seed, and what the upload is bound to (the
// program, the round, the client). Another context makes other shares of the same seed.
Block upload_key(Block seed, std::span<const std::uint8_t> context);

// Shares `values`, of all vectors one after the other, and proves the layout's statements about
// them. Nothing checks that these hold: servers refuse the upload if they do not. RangeError if the
// values are too large for shares of so many bits; never if nothing is proved.
ProvenUpload prove(const ProofLayout& layout, std::span<const std::int64_t> values,
                   std::span<const std::uint8_t> context, Randomness& random);

// Server 0's shares modulo 2^64.
SecretVector<Ring> expand_upload(const ProofLayout& layout, Block key);

}  // namespace duet
