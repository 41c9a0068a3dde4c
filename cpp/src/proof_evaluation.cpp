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

// What the server's shares of both vectors of a product contribute to it by themselves.
Int256 own_product(const ProofVector& shape, auto first, auto second) {
  Int256 result;
  for_rows(shape, [&](std::size_t count) {
    const ShareRow x = first.next(count);
    const ShareRow y = second.next(count);
    // As in evaluate_row, a row is short enough for two words to hold all but one of the sums.
    ProductSum low;
    Wide mixed = 0;
    Wide high = 0;
    for (std::size_t i = 0; i < count; ++i) {
      low.add(x.low[i], y.low[i]);
      mixed += Wide{x.low[i]} * y.high[i] + Wide{x.high[i]} * y.low[i];
      high += Wide{x.high[i]} * y.high[i];
    }
    result += low.value() + (Int256::of(mixed) << 64) + (Int256::of(high) << 128);
  });
  return result;
}

// A server's share of <x,y>, where both of its shares have the product `own`, and `mixed` is its
// share of what needs both servers. Server 0's has the constants of x = a + b - 2^bits.
Int256 product_share(const ProofLayout& layout, const ProofProduct& product,
                     std::span<const Int256> sums, const Int256& own, const Int256& mixed,
                     bool has_constants) {
  const ProofVector& x = layout.vectors()[product.first];
  const ProofVector& y = layout.vectors()[product.second];
  Int256 share = own + mixed - (sums[product.first] << y.bits) - (sums[product.second] << x.bits);
  if (has_constants) share += Int256::of(x.entries) << (x.bits + y.bits);
  return share;
}

// `open(vector)`: the server's shares of a vector, from the first one on; `coefficient()`: the next
// one of its share of the polynomial. Server 1's rows are reversed.
ProofHalf evaluate(const ProofLayout& layout, const ProofPoint& point, bool first, const auto& open,
                   const auto& coefficient) {
  const Prime61& prime = point.prime();
  ProofHalf half;
  half.rows.reserve(layout.all_rows());
  std::vector<VectorShares> vectors;
  std::vector<PartSums> parts;
  for (const ProofUnitSums& unit : layout.unit_sums()) parts.emplace_back(unit.length);
  PolynomialValue polynomial;
  std::size_t offset = 0;
  // Reads the next 2·length coefficients; returns the one that is an inner product.
  const auto next_polynomial = [&](std::size_t length) {
    Int256 inner_product;
    for (std::size_t i = 0; i < 2 * length; ++i) {
      const Int256 share = coefficient();
      polynomial.add(share, point.powers()[offset + i]);
      if (i + 1 == length) inner_product = share;
    }
    offset += 2 * length;
    return inner_product;
  };
  std::vector<Int256> sums;
  for (std::size_t v = 0; v < layout.vectors().size(); ++v) {
    const ProofVector& shape = layout.vectors()[v];
    const std::size_t length = shape.row;
    Moments moments;
    auto shares = open(v);
    for_rows(shape, [&](std::size_t count) {
      const ShareRow row = shares.next(count);
      const std::uint64_t* const powers = point.powers().data();
      const bool reversed = !first && length > 0;
      std::uint64_t value = evaluate_row(row, reversed ? powers + length - 1 : powers,
                                         reversed ? -1 : 1, prime, moments);
      for (std::size_t u = 0; u < parts.size(); ++u) {
        if (layout.unit_sums()[u].vector == v) parts[u].add(row);
      }
      if (length == 0) return;
      const std::uint64_t blind = prime.reduce(Int256::of(shares.next_blind()));
      half.rows.push_back(prime.add(value, prime.mul(blind, powers[length])));
    });
    sums.push_back(moments.sum);
    vectors.push_back(vector_shares(shape, moments, next_polynomial(length), first));
  }
  for (const ProofProduct& product : layout.products()) {
    if (product.is_square()) {
      half.products.push_back(vectors[product.first].squares.limbs[0]);
      continue;
    }
    const ProofVector& shape = layout.vectors()[product.first];
    const Int256 own = own_product(shape, open(product.first), open(product.second));
    const Int256 mixed = next_polynomial(shape.row);
    half.products.push_back(product_share(layout, product, sums, own, mixed, first).limbs[0]);
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
  Masks masks(key);
  return evaluate(
      layout, point, true, [&](std::size_t v) { return SeededVector(key, v, layout.vectors()[v]); },
      [&] { return masks.next(); });
}

ProofHalf evaluate_masked(const ProofLayout& layout, const ProofPoint& point,
                          const MaskedUpload& upload) {
  const std::vector<MaskedVector> vectors = masked_vectors(layout, upload.low, upload.high);
  const std::uint8_t* proof = upload.proof.data();
  return evaluate(
      layout, point, false, [&](std::size_t v) { return vectors[v]; },
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
  std::size_t offset = 0;
  std::vector<std::size_t> first_rows;  // of all vectors
  std::size_t rows = 0;
  for (std::size_t v = 0; v < layout.vectors().size(); ++v) {
    first_rows.push_back(rows);
    rows += layout.rows(v);
  }
  // Of server 0's rows of one vector with server 1's of one.
  const auto product_of = [&](std::size_t v, std::size_t w) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < layout.rows(v); ++i) {
      const std::uint64_t row = other.rows[first_rows[v] + i];
      sum = prime.add(sum, prime.mul(row, own.rows[first_rows[w] + i]));
    }
    return sum;
  };
  const auto place = [&](std::size_t length, std::uint64_t sum) {
    products = prime.add(products, prime.mul(sum, point.powers()[offset]));
    offset += 2 * length;
  };
  for (std::size_t v = 0; v < layout.vectors().size(); ++v) {
    place(layout.vectors()[v].row, product_of(v, v));
  }
  for (const ProofProduct& product : layout.products()) {
    if (product.is_square()) continue;
    const auto& [v, w] = product;
    place(layout.vectors()[v].row, prime.add(product_of(v, w), product_of(w, v)));
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
