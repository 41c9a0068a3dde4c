#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "duet/client_shares.h"
#include "duet/errors.h"
#include "duet/share_product.h"
#include "protocol.h"

namespace {

using namespace duet;

// A file without a name that has the tensor's rows, each at an offset of its own.
class RowsInAFile {
 public:
  explicit RowsInAFile(const Tensor<Ring>& tensor) : file_(std::tmpfile()) {
    const std::size_t entries = tensor.size() / tensor.shape[0];
    for (std::size_t row = tensor.shape[0]; row-- > 0;) {  // not in their order
      offsets_.insert(offsets_.begin(), static_cast<std::uint64_t>(std::ftell(file_)));
      CHECK(std::fwrite(&tensor.data[row * entries], sizeof(Ring), entries, file_) == entries);
      CHECK(std::fwrite("between rows 16B", 1, 16, file_) == 16);
    }
    CHECK(std::fflush(file_) == 0);
  }
  ~RowsInAFile() { std::fclose(file_); }
  RowsInAFile(const RowsInAFile&) = delete;
  RowsInAFile& operator=(const RowsInAFile&) = delete;

  int descriptor() const { return fileno(file_); }
  const std::vector<std::uint64_t>& offsets() const { return offsets_; }

 private:
  std::FILE* file_;
  std::vector<std::uint64_t> offsets_;
};

void every_piece_of_a_seeds_row_is_what_the_seed_stands_for() {
  const std::vector<Block> keys{{1, 2}, {3, 4}};
  const auto rows = seeded_rows(keys, 7);
  SecretVector<Ring> whole(1000);
  Prg(keys[1], 7).fill(std::span<Ring>(whole));
  for (const std::size_t first : {0, 1, 2, 3, 127, 128, 500}) {
    for (const std::size_t count : {1, 2, 3, 127, 128, 129, 130, 500}) {
      SecretVector<Ring> piece(count);
      rows->read(1, first, piece);
      CHECK(std::equal(piece.begin(), piece.end(),
                       whole.begin() + static_cast<std::ptrdiff_t>(first)));
    }
  }
}

void products_read_rows_from_wherever_they_lie() {
  constexpr std::size_t kClients = 3;
  constexpr std::size_t kEntries = 9000;  // more than one piece
  const Tensor<Ring> x = random_values({kClients, kEntries}, 1);
  const Tensor<Ring> right = random_values({kEntries, 2}, 2);
  const Tensor<Ring> left = random_values({1, kClients}, 3);
  const RowsInAFile file(x);
  ClientShares shares{x};
  shares.add(SharedRows(x.shape, file_rows(file.descriptor(), file.offsets())));
  for (const std::size_t input : {0, 1}) {
    const SharedRows& rows = shares.rows(input);
    CHECK(equal(matmul(rows, right), matmul(x, right)));
    CHECK(equal(matmul(left, rows), matmul(left, x)));
    CHECK(equal(shares.at(input), x) && rows.clients() == kClients && rows.entries() == kEntries);
  }
  CHECK(shares.clients() == kClients);
}

void a_file_that_ends_too_early() {
  const Tensor<Ring> x = random_values({2, 10}, 1);
  const RowsInAFile file(x);
  const auto rows = file_rows(file.descriptor(), {file.offsets()[0]});
  SecretVector<Ring> more(13);  // row 0 is the last one, and 16 bytes follow it
  CHECK(message_of<Error>([&] { rows->read(0, 0, more); }) ==
        "what clients have uploaded cannot be read from its file");
  rows->read(0, 0, std::span(more).first(12));
}

// Parties' shares may lie in different places: the product is the same, and so is every byte sent.
void a_product_of_rows_is_that_of_the_tensor() {
  constexpr std::size_t kClients = 5;
  constexpr std::size_t kEntries = 300;
  const Tensor<Ring> weights = random_values({1, kClients}, 4);
  const Tensor<Ring> x = random_values({kClients, kEntries}, 5);
  const Shares w = share_out(weights, 6);
  const Shares shares = share_out(x, 7);
  const RowsInAFile file(shares[1]);
  std::array<std::array<Tensor<Ring>, 2>, 2> results;
  std::array<std::string, 2> sent;
  for (const bool in_file : {false, true}) {
    Sessions both({}, Keys::kLattice);
    both.run([&](Session& s, std::size_t p) {
      ShareProduct product;
      product.setup(s, w[p].shape, x.shape);
      const SharedRows rows =
          in_file && p == 1 ? SharedRows(x.shape, file_rows(file.descriptor(), file.offsets()))
                            : SharedRows(shares[p]);
      if (in_file) {
        product.send_uploads(s, w[p], rows);
      } else {
        product.send_uploads(s, w[p], shares[p]);
      }
      product.receive_uploads(s);
      product.send_answers(s);
      results[in_file][p] = product.receive_answers(s);
    });
    sent[in_file] = hex(both[0].channel().sent_digest()) + hex(both[1].channel().sent_digest());
    CHECK(equal(add(results[in_file][0], results[in_file][1]), matmul(weights, x)));
  }
  CHECK(sent[0] == sent[1]);
}

}  // namespace

int main() {
  every_piece_of_a_seeds_row_is_what_the_seed_stands_for();
  products_read_rows_from_wherever_they_lie();
  a_file_that_ends_too_early();
  a_product_of_rows_is_that_of_the_tensor();
}
