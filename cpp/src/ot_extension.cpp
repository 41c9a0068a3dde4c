#include "duet/ot_extension.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "transpose.h"

namespace duet {
namespace {

constexpr std::size_t kBits = 128;  // base OTs, and rows of the matrix that is transposed

// The streams are worked through in slabs of 1024 OTs, which stay in the first-level cache.
constexpr std::size_t kSlabBlocks = 8;
constexpr std::size_t kSlabBytes = kSlabBlocks * sizeof(Block);
constexpr std::size_t kSlabOts = kSlabBlocks * 128;
using Slab = std::array<Block, kSlabBlocks>;

unsigned checked_k(int k) {
  if (k != 1 && k != 2 && k != 4 && k != 8) {
    throw std::invalid_argument("the parameter k of SoftSpokenOT is 1, 2, 4 or 8");
  }
  return static_cast<unsigned>(k);
}

std::uint64_t bit_of(Block block, std::size_t i) {
  return (i < 64 ? block.lo >> i : block.hi >> (i - 64)) & 1;
}

Block with_lsb(Block block) { return {block.lo | 1, block.hi}; }

void add(Slab& sum, const Slab& other) {
  for (std::size_t i = 0; i < kSlabBlocks; ++i) sum[i] ^= other[i];
}

// The two children of a node of a GGM tree.
std::array<Block, 2> expand(Block node) {
  Prg prg(node);
  std::array<Block, 2> children;
  prg.fill(std::span(children));
  return children;
}

// What one party needs per slab; wiped when destroyed.
class Workspace {
 public:
  explicit Workspace(unsigned k) : k_(k), streams_(std::size_t{1} << k), rows_(kBits) {}

  // Takes the next slab of every leaf's stream r_x of a group from leaf `first` on, and sets the
  // group's k rows to the bits of Σ x·r_x. Returns Σ r_x.
  Slab& combine(std::span<const Aes128> leaves, std::size_t group, std::size_t first,
                std::uint64_t counter) {
    for (std::size_t x = first; x < streams_.size(); ++x) {
      leaves[(group << k_) + x].counter({counter, 0}, streams_[x]);
    }
    if (first > 0) streams_[0] = {};
    // Bit 0 of x says whether r_x is in the lowest row. After that, the streams that differ only in
    // bit 0 are added up, and bit 1 becomes bit 0.
    std::size_t row = group * k_;
    for (std::size_t half = streams_.size() / 2; half > 0; half /= 2, ++row) {
      rows_[row] = {};
      for (std::size_t i = 0; i < half; ++i) {
        add(rows_[row], streams_[2 * i + 1]);
        streams_[i] = streams_[2 * i];
        add(streams_[i], streams_[2 * i + 1]);
      }
    }
    return streams_[0];
  }

  Slab& row(std::size_t i) { return rows_[i]; }

  // Column j of the rows becomes out[j].
  void transpose_into(std::span<Block> out) {
    for (std::size_t done = 0; done < out.size(); done += 128) {
      std::array<Block, 128>& tile = tile_.expose();
      for (std::size_t i = 0; i < kBits; ++i) tile[i] = rows_[i][done / 128];
      transpose(tile);
      std::copy_n(tile.begin(), std::min<std::size_t>(128, out.size() - done), &out[done]);
    }
  }

 private:
  unsigned k_;
  SecretVector<Slab> streams_;
  SecretVector<Slab> rows_;
  Secret<std::array<Block, 128>> tile_;
};

// A chunk's message has a row of bits per group, each rounded up to whole bytes. Calls
// step(first OT, OTs, offset into a row, bytes) for every slab of it.
template <class Step>
void for_each_slab(std::size_t ots, Step step) {
  for (std::size_t first = 0; first < ots; first += kSlabOts) {
    const std::size_t count = std::min(kSlabOts, ots - first);
    step(first, count, first / 8, (count + 7) / 8);
  }
}

}  // namespace

CotSender::CotSender(Channel& channel, Randomness& random, int k)
    : channel_(channel), k_(checked_k(k)), delta_(with_lsb(random.seed())) {
  // Leaf x of a tree is reached by the bits of x, the highest first. Of all children on a level,
  // the OT yields the sum of those that lie on the other side than the path to leaf Δ_g.
  const std::size_t groups = kBits / k_;
  const auto path_bit = [&](std::size_t group, std::size_t level) {
    return bit_of(delta_.expose(), group * k_ + k_ - 1 - level);
  };
  SecretVector<std::uint8_t> choices;
  for (std::size_t group = 0; group < groups; ++group) {
    for (std::size_t level = 0; level < k_; ++level) {
      choices.push_back(static_cast<std::uint8_t>(1 - path_bit(group, level)));
    }
  }
  SecretVector<Block> keys(kBits);
  base_ot_receive(channel, random, choices, keys);
  std::vector<std::array<Block, 2>> sums(groups * (k_ - 1));
  if (k_ > 1) channel.receive(std::span(sums));

  leaves_.reserve(groups << k_);
  for (std::size_t group = 0; group < groups; ++group) {
    // Node x stands at x ⊕ (the path), so the unknown one is always the first, and what is done
    // does not depend on Δ.
    SecretVector<Block> nodes{Block{}, keys[group * k_]};
    for (std::size_t level = 1; level < k_; ++level) {
      const std::uint64_t on_path = path_bit(group, level);
      const std::array<Block, 2>& sum = sums[group * (k_ - 1) + level - 1];
      Block sibling = keys[group * k_ + level] ^ sum[0] ^ block_if(1 - on_path, sum[0] ^ sum[1]);
      SecretVector<Block> children(2 * nodes.size());
      for (std::size_t i = 1; i < nodes.size(); ++i) {
        const auto [left, right] = expand(nodes[i]);
        const Block swap = block_if(on_path, left ^ right);
        children[2 * i] = left ^ swap;
        children[2 * i + 1] = right ^ swap;
        sibling ^= children[2 * i + 1];
      }
      children[1] = sibling;
      nodes = std::move(children);
    }
    for (const Block& node : nodes) leaves_.emplace_back(node);
  }
}

CotReceiver::CotReceiver(Channel& channel, Randomness& random, int k)
    : channel_(channel), k_(checked_k(k)) {
  const std::size_t groups = kBits / k_;
  SecretVector<std::array<Block, 2>> keys(kBits);
  base_ot_send(channel, random, keys);

  std::vector<std::array<Block, 2>> sums;
  leaves_.reserve(groups << k_);
  for (std::size_t group = 0; group < groups; ++group) {
    // The first level's nodes are the OT's keys themselves; below, the keys hide the sums of the
    // left and of the right children.
    const auto& first = keys[group * k_];
    SecretVector<Block> nodes(first.begin(), first.end());
    for (std::size_t level = 1; level < k_; ++level) {
      SecretVector<Block> children;
      std::array<Block, 2> sum = keys[group * k_ + level];
      for (const Block& node : nodes) {
        const auto [left, right] = expand(node);
        children.insert(children.end(), {left, right});
        sum[0] ^= left;
        sum[1] ^= right;
      }
      sums.push_back(sum);
      nodes = std::move(children);
    }
    for (const Block& node : nodes) leaves_.emplace_back(node);
  }
  if (k_ > 1) {
    channel.send(std::span<const std::array<Block, 2>>(sums));
    channel.flush();
  }
}

// With u = Σ r_x and v = Σ x·r_x over a group's leaves, the sender's combination w = Σ (x ⊕
// Δ_g)·r_x equals v ⊕ Δ_g·u, and the leaf it does not know falls out. The receiver sends u ⊕ c per
// group, which turns u into its choices c: q = w ⊕ Δ_g·(u ⊕ c) = v ⊕ Δ_g·c. A column over all
// groups is one OT.
void CotSender::extend(std::span<Block> q) {
  const std::size_t groups = kBits / k_;
  Workspace work(k_);
  for (std::size_t done = 0; done < q.size(); done += kCotChunk) {
    const std::span<Block> chunk = q.subspan(done, std::min(kCotChunk, q.size() - done));
    const std::size_t row_bytes = (chunk.size() + 7) / 8;
    const auto message = channel_.receive<std::uint8_t>(groups * row_bytes);
    for_each_slab(chunk.size(),
                  [&](std::size_t first, std::size_t count, std::size_t offset, std::size_t bytes) {
                    for (std::size_t group = 0; group < groups; ++group) {
                      work.combine(leaves_, group, 1, counter_);
                      Slab corrected{};
                      std::memcpy(corrected.data(), &message[group * row_bytes + offset], bytes);
                      for (std::size_t row = group * k_; row < (group + 1) * k_; ++row) {
                        const std::uint64_t bit = bit_of(delta_.expose(), row);
                        for (std::size_t i = 0; i < kSlabBlocks; ++i) {
                          work.row(row)[i] ^= block_if(bit, corrected[i]);
                        }
                      }
                    }
                    work.transpose_into(chunk.subspan(first, count));
                    counter_ += kSlabBlocks;
                  });
  }
}

void CotReceiver::extend(std::span<const std::uint8_t> choice_bits, std::span<Block> t) {
  if (choice_bits.size() != t.size()) throw std::invalid_argument("COT: lengths differ");
  const std::size_t groups = kBits / k_;
  Workspace work(k_);
  Secret<std::array<std::uint8_t, kSlabBytes>> packed;
  for (std::size_t done = 0; done < t.size(); done += kCotChunk) {
    const std::span<Block> chunk = t.subspan(done, std::min(kCotChunk, t.size() - done));
    const std::size_t row_bytes = (chunk.size() + 7) / 8;
    std::vector<std::uint8_t> message(groups * row_bytes);
    for_each_slab(chunk.size(),
                  [&](std::size_t first, std::size_t count, std::size_t offset, std::size_t bytes) {
                    packed.expose() = {};
                    for (std::size_t i = 0; i < count; ++i) {
                      packed.expose()[i / 8] |=
                          static_cast<std::uint8_t>((choice_bits[done + first + i] & 1) << (i % 8));
                    }
                    for (std::size_t group = 0; group < groups; ++group) {
                      const Slab& u = work.combine(leaves_, group, 0, counter_);
                      std::uint8_t* out = &message[group * row_bytes + offset];
                      std::memcpy(out, u.data(), bytes);
                      for (std::size_t i = 0; i < bytes; ++i) out[i] ^= packed.expose()[i];
                    }
                    work.transpose_into(chunk.subspan(first, count));
                    counter_ += kSlabBlocks;
                  });
    channel_.send(message);
  }
  channel_.flush();
}

}  // namespace duet
