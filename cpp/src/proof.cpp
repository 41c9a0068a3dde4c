#include "duet/proof.h"

#include <bit>
#include <string>

#include "convolution.h"
#include "duet/digest.h"
#include "duet/errors.h"
#include "proof_parts.h"

namespace duet {
namespace {

// So many seeds are tried: values that few of them fit would be told by which one it was.
constexpr int kSeeds = 64;

// Server 1's upload but for the proof. Returns whether x = a + b - 2^bits holds for all entries.
bool mask(const ProofLayout& layout, std::span<const std::int64_t> values, Block key,
          ProvenUpload& upload) {
  std::uint64_t wrong = 0;
  std::size_t entry = 0;
  std::uint8_t* high = upload.high.data();
  for (std::size_t v = 0; v < layout.vectors().size(); ++v) {
    const ProofVector& shape = layout.vectors()[v];
    const Wide size = Wide{1} << shape.bits;
    SeededVector seeded(key, v, shape);
    const std::size_t high_bytes = high_bytes_of(shape);
    for_rows(shape, [&](std::size_t count) {
      const ShareRow row = seeded.next(count);
      for (std::size_t i = 0; i < count; ++i, ++entry, high += high_bytes) {
        const auto value = static_cast<Wide>(values[entry]);
        const Wide sum = size + value;  // of both shares, if it is not cut
        const Wide b = (sum - row[i]) & (size - 1);
        const Wide difference = row[i] + b - sum;
        wrong |=
            static_cast<std::uint64_t>(difference) | static_cast<std::uint64_t>(difference >> 64);
        upload.low[entry] = static_cast<Ring>(b);
        const auto top = static_cast<std::uint64_t>(b >> 64);
        if (high_bytes > 0) std::memcpy(high, &top, high_bytes);
      }
    });
  }
  return wrong == 0;
}

// The sum of products of rows' polynomials, blinds included.
class Polynomial {
 public:
  Polynomial(std::size_t row, unsigned total_bits)
      : row_(row), products_(row, total_bits), blinded_(row), a_(row), reversed_(row) {}

  // Those of server 0's shares of one vector with server 1's of one, which may be another.
  void add(const ProofVector& shape, SeededVector seeded, MaskedVector masked) {
    for_rows(shape, [&](std::size_t count) {
      const ShareRow first = seeded.next(count);
      const ShareRow second = masked.next(count);
      const Wide blind = seeded.next_blind();
      for (std::size_t i = 0; i < row_; ++i) {
        a_[i] = i < count ? first[i] : 0;
        reversed_[row_ - 1 - i] = i < count ? second[i] : 0;
      }
      products_.add(a_, reversed_);
      for (std::size_t i = 0; i < row_; ++i) blinded_[i] += Int256::of(blind) * reversed_[i];
    });
  }

  SecretVector<Int256> coefficients() const {
    SecretVector<Int256> result = products_.result();
    for (std::size_t i = 0; i < row_; ++i) result[row_ + i] += blinded_[i];
    return result;
  }

 private:
  std::size_t row_;
  Convolution products_;
  SecretVector<Int256> blinded_;
  SecretVector<Wide> a_;
  SecretVector<Wide> reversed_;
};

}  // namespace

Block upload_key(Block seed, std::span<const std::uint8_t> context) {
  Sha256 hash;
  hash.update(std::span<const char>("duet upload"));
  hash.update(std::span<const Block>(&seed, 1));
  hash.update(context);
  const Digest digest = hash.digest();
  Block key;
  std::memcpy(&key, digest.data(), sizeof key);
  return key;
}

ProvenUpload prove(const ProofLayout& layout, std::span<const std::int64_t> values,
                   std::span<const std::uint8_t> context, Randomness& random) {
  if (values.size() != layout.entries()) {
    throw std::invalid_argument("prove: " + std::to_string(values.size()) + " values for " +
                                std::to_string(layout.entries()));
  }
  ProvenUpload upload;
  upload.low.resize(layout.entries());
  upload.high.resize(layout.high_bytes());
  upload.proof.resize(layout.proof_bytes());
  Secret<Block> key;
  // Where nothing is said of integers, shares are modulo 2^64: any seed will do, and none tells
  // more.
  const bool any = layout.statements().empty() && layout.products().empty();
  bool shared = false;
  for (int i = 0; i < kSeeds && !shared; ++i) {
    upload.seed = random.seed();
    key = Secret<Block>(upload_key(upload.seed, context));
    shared = mask(layout, values, key.expose(), upload) || any;
  }
  if (!shared) throw RangeError("prove: the values are too large for shares of so few bits");

  Masks masks(key.expose());
  const std::vector<MaskedVector> masked = masked_vectors(layout, upload.low, upload.high);
  std::uint8_t* out = upload.proof.data();
  const auto prove_product = [&](const ProofProduct& product) {
    const ProofVector& first = layout.vectors()[product.first];
    const ProofVector& second = layout.vectors()[product.second];
    const std::size_t terms = std::max(first.entries, first.row) * (product.is_square() ? 1 : 2);
    Polynomial polynomial(first.row,
                          first.bits + second.bits + static_cast<unsigned>(std::bit_width(terms)));
    polynomial.add(first, SeededVector(key.expose(), product.first, first), masked[product.second]);
    if (!product.is_square()) {
      polynomial.add(second, SeededVector(key.expose(), product.second, second),
                     masked[product.first]);
    }
    for (const Int256& coefficient : polynomial.coefficients()) {
      (coefficient - masks.next()).store(out);
      out += Int256::kBytes;
    }
  };
  for (std::size_t v = 0; v < layout.vectors().size(); ++v) {
    if (layout.vectors()[v].row > 0) prove_product({v, v});
  }
  for (const ProofProduct& product : layout.products()) {
    if (!product.is_square()) prove_product(product);
  }
  return upload;
}

SecretVector<Ring> expand_upload(const ProofLayout& layout, Block key) {
  SecretVector<Ring> shares(layout.entries());
  std::span<Ring> rest(shares);
  for (std::size_t v = 0; v < layout.vectors().size(); ++v) {
    const std::size_t entries = layout.vectors()[v].entries;
    Prg(key, low_stream(v)).fill(rest.first(entries));
    rest = rest.subspan(entries);
  }
  return shares;
}

}  // namespace duet
