#include "duet/client_shares.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <utility>

#include "duet/aes.h"
#include "duet/errors.h"
#include "proof_parts.h"

namespace duet {
namespace {

constexpr std::size_t kPiece = 4096;  // entries of a row that are read at once

std::size_t row_length(const Shape& shape) {
  return element_count(Shape(shape.begin() + 1, shape.end()));
}

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

// Mapped into memory, since products read a few hundred bytes at a time. What has been read is
// given back from time to time: the operating system keeps it, if it has room.
class FileRows final : public Rows {
 public:
  FileRows(int file, std::vector<std::uint64_t> offsets) : offsets_(std::move(offsets)) {
    struct stat status {};
    if (::fstat(file, &status) != 0) throw_unreadable();
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ == 0) return;
    void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) throw_unreadable();
    begin_ = static_cast<const std::uint8_t*>(mapped);
  }
  FileRows(const FileRows&) = delete;
  FileRows& operator=(const FileRows&) = delete;
  ~FileRows() override {
    if (begin_ != nullptr) ::munmap(const_cast<std::uint8_t*>(begin_), size_);
  }

  void read(std::size_t row, std::size_t first, std::span<Ring> out) const override {
    const std::size_t offset = offsets_.at(row) + first * sizeof(Ring);
    if (offset > size_ || out.size_bytes() > size_ - offset) throw_unreadable();
    std::memcpy(out.data(), begin_ + offset, out.size_bytes());
    const std::size_t before = read_.fetch_add(out.size_bytes(), std::memory_order_relaxed);
    if (before / kKept != (before + out.size_bytes()) / kKept) {
      ::madvise(const_cast<std::uint8_t*>(begin_), size_, MADV_DONTNEED);
    }
  }

 private:
  static constexpr std::size_t kKept = std::size_t{4} << 20;

  [[noreturn]] static void throw_unreadable() {
    throw Error("what clients have uploaded cannot be read from its file");
  }

  std::vector<std::uint64_t> offsets_;
  const std::uint8_t* begin_ = nullptr;
  std::size_t size_ = 0;
  mutable std::atomic<std::size_t> read_{0};
};

// Calls use(first, entries) for all pieces of a row.
void for_pieces(const SharedRows& shares, std::size_t client, const auto& use) {
  SecretVector<Ring> piece(std::min(kPiece, shares.entries()));
  for (std::size_t first = 0; first < shares.entries(); first += kPiece) {
    const auto entries = std::span(piece).first(std::min(kPiece, shares.entries() - first));
    shares.read(client, first, entries);
    use(first, entries);
  }
}

void check(bool fits) {
  if (!fits) throw std::invalid_argument("matmul: shares of other shapes");
}

}  // namespace

std::unique_ptr<Rows> seeded_rows(std::span<const Block> keys, std::uint64_t stream) {
  return std::make_unique<SeededRows>(keys, stream);
}

std::unique_ptr<Rows> file_rows(int file, std::vector<std::uint64_t> offsets) {
  return std::make_unique<FileRows>(file, std::move(offsets));
}

SharedRows seeded_shares(const ProofLayout& layout, std::span<const Block> keys, std::size_t vector,
                         Shape shape) {
  const std::size_t entries = row_length(shape);
  if (layout.vectors().at(vector).entries == entries) {
    return {std::move(shape), seeded_rows(keys, low_stream(vector))};
  }
  Tensor<Ring> shares(std::move(shape));  // of vectors of one entry each
  auto next = shares.data.begin();
  for (const Block& key : keys) {
    for (std::size_t i = 0; i < entries; ++i) *next++ = Prg(key, low_stream(vector + i)).next();
  }
  return SharedRows(std::move(shares));
}

SharedRows::SharedRows(Shape shape, std::unique_ptr<Rows> rows)
    : shape_(std::move(shape)), entries_(row_length(shape_)), rows_(std::move(rows)) {}

SharedRows::SharedRows(Tensor<Ring> tensor)
    : shape_(tensor.shape), entries_(row_length(shape_)), tensor_(std::move(tensor)) {
  rows_ = std::make_unique<DenseRows>(tensor_->data, entries_);
}

void SharedRows::read(std::size_t client, std::size_t first, std::span<Ring> out) const {
  rows_->read(client, first, out);
}

const Tensor<Ring>& SharedRows::tensor() const {
  if (!tensor_) {
    Tensor<Ring> all(shape_);
    for (std::size_t client = 0; client < clients(); ++client) {
      read(client, 0, std::span(all.data).subspan(client * entries_, entries_));
    }
    tensor_ = std::move(all);
  }
  return *tensor_;
}

ClientShares::ClientShares(std::initializer_list<Tensor<Ring>> tensors) {
  for (const Tensor<Ring>& tensor : tensors) add(SharedRows(tensor));
}

Tensor<Ring> matmul(const SharedRows& a, const Tensor<Ring>& b) {
  check(a.shape().size() == 2 && b.shape.size() == 2 && b.shape[0] == a.entries());
  const std::size_t columns = b.shape[1];
  Tensor<Ring> result({a.clients(), columns});
  for (std::size_t client = 0; client < a.clients(); ++client) {
    Ring* const out = result.data.data() + client * columns;
    for_pieces(a, client, [&](std::size_t first, std::span<const Ring> entries) {
      const Ring* factor = b.data.data() + first * columns;
      for (const Ring entry : entries) {
        for (std::size_t j = 0; j < columns; ++j) out[j] += entry * *factor++;
      }
    });
  }
  return result;
}

Tensor<Ring> matmul(const Tensor<Ring>& a, const SharedRows& b) {
  check(b.shape().size() == 2 && a.shape == Shape{1, b.clients()});
  Tensor<Ring> result({1, b.entries()});
  for (std::size_t client = 0; client < b.clients(); ++client) {
    const Ring weight = a.data[client];
    for_pieces(b, client, [&](std::size_t first, std::span<const Ring> entries) {
      Ring* const out = result.data.data() + first;
      for (std::size_t i = 0; i < entries.size(); ++i) out[i] += weight * entries[i];
    });
  }
  return result;
}

}  // namespace duet
