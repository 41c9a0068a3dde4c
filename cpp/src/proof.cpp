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

// The polynomial of one vector, blinds included.
SecretVector<Int256> polynomial(const ProofVector& shape, SeededVector& seeded,
                                MaskedVectors& masked) {
  const std::size_t row = shape.row;
  const auto total_bits =
      2 * shape.bits + static_cast<unsigned>(std::bit_width(std::max(shape.entries, row)));
  Convolution products(row, total_bits);
  SecretVector<Int256> blinded(row);
  SecretVector<Wide> a(row);
  SecretVector<Wide> reversed(row);
  for_rows(shape, [&](std::size_t count) {
    const ShareRow first = seeded.next(count);
    const ShareRow second = masked.next(count, shape);
    const Wide blind = seeded.next_blind();
    for (std::size_t i = 0; i < row; ++i) {
      a[i] = i < count ? first[i] : 0;
      reversed[row - 1 - i] = i < count ? second[i] : 0;
    }
    products.add(a, reversed);
    for (std::size_t i = 0; i < row; ++i) blinded[i] += Int256::of(blind) * reversed[i];
  });
  SecretVector<Int256> result = products.result();
  for (std::size_t i = 0; i < row; ++i) result[row + i] += blinded[i];
  return result;
}

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
  const bool any = layout.statements().empty() && layout.squares().empty();
  bool shared = false;
  for (int i = 0; i < kSeeds && !shared; ++i) {
    upload.seed = random.seed();
    key = Secret<Block>(upload_key(upload.seed, context));
    shared = mask(layout, values, key.expose(), upload) || any;
  }
  if (!shared) throw RangeError("prove: the values are too large for shares of so few bits");

  Masks masks(key.expose());
  MaskedVectors masked(upload.low, upload.high);
  std::uint8_t* out = upload.proof.data();
  for (std::size_t v = 0; v < layout.vectors().size(); ++v) {
    const ProofVector& shape = layout.vectors()[v];
    if (shape.row == 0) {
      for_rows(shape, [&](std::size_t count) { masked.next(count, shape); });
      continue;
    }
    SeededVector seeded(key.expose(), v, shape);
    for (const Int256& coefficient : polynomial(shape, seeded, masked)) {
      (coefficient - masks.next()).store(out);
      out += Int256::kBytes;
    }
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
