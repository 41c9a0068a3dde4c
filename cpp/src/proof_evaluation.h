// What each server computes of one client's upload, at a prime and a point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "duet/block.h"
#include "duet/proof.h"
#include "int256.h"
#include "prime61.h"

namespace duet {

// A random prime of 61 bits, a uniform point that is not 0, and the point's powers.
class ProofPoint {
 public:
  ProofPoint(const ProofLayout& layout, Block coins);
  // For tests with a prime that is not random.
  ProofPoint(const ProofLayout& layout, Prime61 prime, std::uint64_t point);

  const Prime61& prime() const { return prime_; }
  std::span<const std::uint64_t> powers() const { return powers_; }

 private:
  Prime61 prime_;
  std::vector<std::uint64_t> powers_;
};

// One server's half of a client's proof.
struct ProofHalf {
  std::vector<std::uint64_t> rows;  // the values of its rows' polynomials
  std::uint64_t polynomial;         // the value of its share of the polynomial
  std::vector<Int256> statements;   // its share of each left-hand side, those of unit sums last
  std::vector<Ring> products;       // of each wanted inner product
};

ProofHalf evaluate_seed(const ProofLayout& layout, const ProofPoint& point, Block key);
ProofHalf evaluate_masked(const ProofLayout& layout, const ProofPoint& point,
                          const MaskedUpload& upload);

// Server 1's verdict; `other` is server 0's half.
bool holds(const ProofLayout& layout, const ProofPoint& point, const ProofHalf& own,
           const ProofHalf& other);

}  // namespace duet
