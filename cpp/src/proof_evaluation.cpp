#include "proof_evaluation.h"

#include <algorithm>
#include <array>

#include "proof_parts.h"

namespace duet {
namespace {

std::uint64_t random_point(const Prime61& prime, Prg& prg) {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << kPrimeBits) - 1;
  while (true) {
    const std::uint64_t candidate = prg.next() & kMask;
    if (candidate > 0 && candidate < prime.p()) return candidate;
  }
}

// The value of a polynomial whose coefficients are in two's complement.
class PolynomialValue {
 public:
  void add(const Int256& coefficient, std::uint64_t power) {
    for (std::size_t i = 0; i < limbs_.size(); ++i) limbs_[i].add(coefficient.limbs[i], power);
    negative_.add(coefficient.limbs[3] >> 63, power);
  }
  std::uint64_t value(const Prime61& prime) const {
    // 2^256 is counted too often where a coefficient is negative.
    std::uint64_t result = prime.sub(0, prime.reduce(negative_.value()));
    for (std::size_t i = limbs_.size(); i-- > 0;) {
      result = prime.add(prime.mul(result, prime.two64()), prime.reduce(limbs_[i].value()));
    }
    return result;
  }

 private:
  std::array<ProductSum, 4> limbs_;
  ProductSum negative_;
};

// What one vector's shares add up to, and their squares.
struct Moments {
  Int256 sum;
  Int256 squares;
};

// Adds a row to its vector's moments and returns the value of its polynomial: entry i counts
// powers[i·step] times.
std::uint64_t evaluate_row(const ShareRow& row, const std::uint64_t* powers, std::ptrdiff_t step,
                           const Prime61& prime, Moments& moments) {
  ProductSum low_values;
  ProductSum low_squares;
  // Of words of 40 bits at most; a row is short enough for two words to hold their sums.
  Wide high_values = 0;
  Wide mixed = 0;
  Wide high_squares = 0;
  Wide sum = 0;
  for (std::size_t i = 0; i < row.low.size(); ++i, powers += step) {
    const std::uint64_t low = row.low[i];
    const std::uint64_t high = row.high[i];
    low_values.add(low, *powers);
    high_values += Wide{high} * *powers;
    low_squares.add(low, low);
    mixed += Wide{low} * high;
    high_squares += Wide{high} * high;
    sum += row[i];
  }
  moments.sum += Int256::of(sum);
  moments.squares +=
      low_squares.value() + (Int256::of(mixed) << 65) + (Int256::of(high_squares) << 128);
  const std::uint64_t high = prime.reduce(Int256::of(high_values));
  return prime.add(prime.reduce(low_values.value()), prime.mul(high, prime.two64()));
}

// What every so many of a vector's shares, one after the other, add up to.
class PartSums {
 public:
  explicit PartSums(std::size_t length) : length_(length) {}

  void add(const ShareRow& row) {
    for (std::size_t i = 0; i < row.low.size();) {
      const std::size_t end = std::min(row.low.size(), i + length_ - taken_);
      taken_ += end - i;
      Wide sum = 0;  // a row is short enough for two words to hold it
      for (; i < end; ++i) sum += row[i];
      sum_ += Int256::of(sum);
      if (taken_ < length_) continue;
      sums_.push_back(sum_);
      sum_ = {};
      taken_ = 0;
    }
  }
  const std::vector<Int256>& sums() const { return sums_; }

 private:
  std::size_t length_;
  std::size_t taken_ = 0;
  Int256 sum_;
  std::vector<Int256> sums_;
};

// A server's share of a vector's squared norm and of its sum, over the integers. Server 0's has the
// constants of x = a + b - 2^bits.
struct VectorShares {
  Int256 squares;
  Int256 sum;
};

VectorShares vector_shares(const ProofVector& shape, const Moments& moments,
                           const Int256& inner_product, bool has_constants) {
  const Int256& sum = moments.sum;
  VectorShares shares{moments.squares - (sum << (shape.bits + 1)) + (inner_product << 1), sum};
  if (has_constants) {
    const Int256 entries = Int256::of(shape.entries);
    shares.squares += entries << (2 * shape.bits);
    shares.sum -= entries << shape.bits;
  }
  return shares;
}

// `next(vector, count)`: the next shares of a vector; `blind()`: what lies behind the row;
// `coefficient()`: the next one of the server's share of the polynomial. Server 1's rows are
// reversed.
ProofHalf evaluate(const ProofLayout& layout, const ProofPoint& point, bool first, const auto& next,
                   const auto& blind, const auto& coefficient) {
  const Prime61& prime = point.prime();
  ProofHalf half;
  half.rows.reserve(layout.all_rows());
  std::vector<VectorShares> vectors;
  std::vector<PartSums> parts;
  for (const ProofUnitSums& unit : layout.unit_sums()) parts.emplace_back(unit.length);
  PolynomialValue polynomial;
  std::size_t offset = 0;
  for (std::size_t v = 0; v < layout.vectors().size(); ++v) {
    const ProofVector& shape = layout.vectors()[v];
    const std::size_t length = shape.row;
    Moments moments;
    for_rows(shape, [&](std::size_t count) {
      const ShareRow row = next(v, count);
      const std::uint64_t* const powers = point.powers().data();
      const bool reversed = !first && length > 0;
      std::uint64_t value = evaluate_row(row, reversed ? powers + length - 1 : powers,
                                         reversed ? -1 : 1, prime, moments);
      for (std::size_t u = 0; u < parts.size(); ++u) {
        if (layout.unit_sums()[u].vector == v) parts[u].add(row);
      }
      if (length == 0) return;
      if (first)
        value = prime.add(value, prime.mul(prime.reduce(Int256::of(blind(v))), powers[length]));
      half.rows.push_back(value);
    });
    Int256 inner_product;
    for (std::size_t i = 0; i < 2 * length; ++i) {
      const Int256 share = coefficient();
      polynomial.add(share, point.powers()[offset + i]);
      if (i + 1 == length) inner_product = share;
    }
    offset += 2 * length;
    vectors.push_back(vector_shares(shape, moments, inner_product, first));
  }
  half.polynomial = polynomial.value(prime);
  for (const ProofStatement& statement : layout.statements()) {
    Int256 left;
    for (const ProofTerm& term : statement.terms) {
      const VectorShares& shares = vectors[term.vector];
      const auto times = [](const Int256& x, std::int64_t factor) {
        const auto sign = static_cast<std::uint64_t>(factor >> 63);
        const Int256 product = x * ((static_cast<std::uint64_t>(factor) ^ sign) - sign);
        return factor < 0 ? -product : product;
      };
      left += times(shares.squares, term.square) + times(shares.sum, term.sum);
    }
    half.statements.push_back(left);
  }
  for (std::size_t u = 0; u < parts.size(); ++u) {
    const auto [vector, length] = layout.unit_sums()[u];
    const Int256 constants = Int256::of(length) << layout.vectors()[vector].bits;
    for (const Int256& sum : parts[u].sums()) {
      half.statements.push_back(first ? sum - constants : sum);
    }
  }
  for (const std::size_t v : layout.squares()) half.squares.push_back(vectors[v].squares.limbs[0]);
  return half;
}

}  // namespace

ProofPoint::ProofPoint(const ProofLayout& layout, Block coins)
    : ProofPoint([&] {
        Prg prg(coins);
        const Prime61 prime = Prime61::random(prg);
        return ProofPoint(layout, prime, random_point(prime, prg));
      }()) {}

ProofPoint::ProofPoint(const ProofLayout& layout, Prime61 prime, std::uint64_t point)
    : prime_(prime), powers_(std::max(layout.coefficients() + 1, kPiece)) {
  std::uint64_t power = 1;
  for (std::uint64_t& value : powers_) {
    value = power;
    power = prime.mul(power, point);
  }
}

ProofHalf evaluate_seed(const ProofLayout& layout, const ProofPoint& point, Block key) {
  std::vector<SeededVector> vectors;
  for (std::size_t v = 0; v < layout.vectors().size(); ++v) {
    vectors.emplace_back(key, v, layout.vectors()[v]);
  }
  Masks masks(key);
  return evaluate(
      layout, point, true, [&](std::size_t v, std::size_t count) { return vectors[v].next(count); },
      [&](std::size_t v) { return vectors[v].next_blind(); }, [&] { return masks.next(); });
}

ProofHalf evaluate_masked(const ProofLayout& layout, const ProofPoint& point,
                          const MaskedUpload& upload) {
  MaskedVectors vectors(upload.low, upload.high);
  const std::uint8_t* proof = upload.proof.data();
  return evaluate(
      layout, point, false,
      [&](std::size_t v, std::size_t count) { return vectors.next(count, layout.vectors()[v]); },
      [](std::size_t) { return Wide{0}; },
      [&] {
        const Int256 coefficient = Int256::load(proof);
        proof += Int256::kBytes;
        return coefficient;
      });
}

bool holds(const ProofLayout& layout, const ProofPoint& point, const ProofHalf& own,
           const ProofHalf& other) {
  const Prime61& prime = point.prime();
  std::uint64_t products = 0;
  std::size_t row = 0;
  std::size_t offset = 0;
  for (std::size_t v = 0; v < layout.vectors().size(); ++v) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < layout.rows(v); ++i, ++row) {
      sum = prime.add(sum, prime.mul(own.rows[row], other.rows[row]));
    }
    products = prime.add(products, prime.mul(sum, point.powers()[offset]));
    offset += 2 * layout.vectors()[v].row;
  }
  bool all = products == prime.add(own.polynomial, other.polynomial);
  for (std::size_t s = 0; s < layout.statements().size(); ++s) {
    const auto& constant = layout.statements()[s].constant;
    all &= own.statements[s] + other.statements[s] == Int256::load(constant.data());
  }
  for (std::size_t s = layout.statements().size(); s < layout.all_statements(); ++s) {
    all &= own.statements[s] + other.statements[s] == Int256::of(1);
  }
  return all;
}

}  // namespace duet
