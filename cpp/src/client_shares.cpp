#include "duet/client_shares.h"

#include <algorithm>
#include <array>
#include <utility>

#include "duet/aes.h"
#include "proof_parts.h"
#include "read_file.h"

namespace duet {
namespace {

// As Prg writes it: AES of the blocks (i, stream), of which each has two entries.
class SeededRows final : public Rows {
 public:
  SeededRows(std::span<const Block> keys, std::uint64_t stream) : stream_(stream) {
    for (const Block& key : keys) ciphers_.emplace_back(key);
  }

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    std::array<Block, 64> blocks;
    for (std::size_t done = 0; done < out.size();) {
      const std::size_t skipped = (first + done) % 2;
      const std::size_t count = std::min(2 * blocks.size() - skipped, out.size() - done);
      const auto used = std::span(blocks).first((skipped + count + 1) / 2);
      ciphers_[row].counter({(first + done) / 2, stream_}, used);
      for (std::size_t i = 0; i < count; ++i) {
        const Block& block = blocks[(skipped + i) / 2];
        out[done + i] = (skipped + i) % 2 == 0 ? block.lo : block.hi;
      }
      done += count;
    }
    wipe(std::span(blocks));
  }

 private:
  std::vector<Aes128> ciphers_;
  std::uint64_t stream_;
};

class FileRows final : public Rows {
 public:
  FileRows(int file, std::vector<std::uint64_t> offsets)
      : file_(file), offsets_(std::move(offsets)) {}

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    read_file(file_, offsets_.at(row) + first * sizeof(Ring), std::as_writable_bytes(out));
  }

 private:
  int file_;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace

std::unique_ptr<Rows> seeded_rows(std::span<const Block> keys, std::uint64_t stream) {
  return std::make_unique<SeededRows>(keys, stream);
}

std::unique_ptr<Rows> file_rows(int file, std::vector<std::uint64_t> offsets) {
  return std::make_unique<FileRows>(file, std::move(offsets));
}

SharedRows seeded_shares(const ProofLayout& layout, std::span<const Block> keys, std::size_t vector,
                         Shape shape) {
  const std::size_t entries = element_count(Shape(shape.begin() + 1, shape.end()));
  std::vector<SharedRows> parts;
  for (std::size_t begin = 0; begin < entries; ++vector) {
    const std::size_t size = layout.vectors().at(vector).entries;
    parts.emplace_back(Shape{keys.size(), size}, seeded_rows(keys, low_stream(vector)));
    begin += size;
  }
  if (parts.size() == 1) return with_shape(parts.front(), std::move(shape));
  std::vector<const SharedRows*> all;
  for (const SharedRows& part : parts) all.push_back(&part);
  return with_shape(joined(all, 1), std::move(shape));
}

ClientShares::ClientShares(std::initializer_list<Tensor<Ring>> tensors) {
  for (const Tensor<Ring>& tensor : tensors) add(SharedRows(tensor));
}

}  // namespace duet
