#include <cmath>
#include <initializer_list>

#include "duet/errors.h"
#include "duet/truncate.h"
#include "protocol.h"

namespace {

using namespace duet;
using Signed = std::int64_t;

constexpr Signed kLimit = Signed{1} << 62;

// The shares' sum after a truncation, whose traffic is compared with what is declared.
Tensor<Ring> truncated(Sessions& both, const Shares& shares, std::size_t bits, int ot_k = 4) {
  const Shape& shape = shares[0].shape;
  std::array<Truncate, 2> truncate;
  Shares results;
  both.run(Truncate::setup_cost(shares[0].size(), bits, ot_k),
           [&](Session& s, std::size_t p) { truncate[p].setup(s, shape, bits); });
  both.run(Truncate::online_cost(shares[0].size()), [&](Session& s, std::size_t p) {
    truncate[p].send(s, shares[p]);
    results[p] = truncate[p].receive(s);
  });
  CHECK(results[0].shape == shape && results[1].shape == shape);
  return add(results[0], results[1]);
}

// Rounded down or up, and exact where nothing is to be rounded.
bool is_quotient(Ring result, Ring value, std::size_t bits) {
  const auto x = static_cast<Signed>(value);
  const Signed below = x >> bits;
  const Signed above = below + ((value & ((Ring{1} << bits) - 1)) != 0 ? 1 : 0);
  return static_cast<Signed>(result) == below || static_cast<Signed>(result) == above;
}

void check_all(Sessions& both, const Tensor<Ring>& x, std::size_t bits, std::uint64_t seed) {
  const Tensor<Ring> y = truncated(both, share_out(x, seed), bits);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(is_quotient(y.data[i], x.data[i], bits));
}

void close_at_every_magnitude() {
  Sessions both;
  Tensor<Ring> x({0});
  for (const Signed edge : {Signed{0}, kLimit / 2, kLimit - 1, 1 - kLimit, -kLimit}) {
    for (Signed near = -2; near <= 2; ++near) {
      const auto value = edge + near;
      if (-kLimit <= value && value < kLimit) {
        x.data.insert(x.data.end(), 100, static_cast<Ring>(value));  // with many shares each
      }
    }
  }
  for (int bit = 0; bit < 62; ++bit) {
    for (const Signed sign : {1, -1}) {
      for (const Signed near : {-1, 0, 1}) {
        x.data.push_back(static_cast<Ring>(sign * (Signed{1} << bit) + near));
      }
    }
  }
  const Tensor<Ring> random = random_values({2000}, 1);
  for (std::size_t i = 0; i < random.size(); ++i) {  // of every magnitude
    x.data.push_back(static_cast<Ring>(static_cast<Signed>(random.data[i]) >> (1 + i % 63)));
  }
  x.shape = {x.data.size()};
  for (const std::size_t bits : {1, 8, 16, 33, 61, 62}) check_all(both, x, bits, bits);
}

// All combinations of top bits, and shares at the edges of their range.
void right_for_every_pair_of_shares() {
  Sessions both;
  constexpr Ring kTop = Ring{1} << 63;
  std::vector<Ring> edges;
  for (const Ring at : {Ring{0}, kTop >> 1, kTop, kTop + (kTop >> 1)}) {
    for (const Ring near : {Ring{0} - 2, Ring{0} - 1, Ring{0}, Ring{1}, Ring{5}}) {
      edges.push_back(at + near);
    }
  }
  Shares shares{Tensor<Ring>({0}), Tensor<Ring>({0})};
  for (const Ring first : edges) {
    for (const Ring second : edges) {
      const auto value = static_cast<Signed>(first + second);
      if (-kLimit <= value && value < kLimit) {
        shares[0].data.push_back(first);
        shares[1].data.push_back(second);
      }
    }
  }
  for (Tensor<Ring>& share : shares) share.shape = {share.data.size()};
  const Tensor<Ring> x = add(shares[0], shares[1]);
  for (int round = 0; round < 8; ++round) {  // with other masks every time
    for (const std::size_t bits : {1, 2, 31, 62}) {
      const Tensor<Ring> y = truncated(both, shares, bits);
      for (std::size_t i = 0; i < x.size(); ++i) CHECK(is_quotient(y.data[i], x.data[i], bits));
    }
  }
}

// In units of the last place; one element's error has a variance of at most 1/4.
void errors_average_out() {
  Sessions both;
  constexpr std::size_t kCount = 40'000;
  constexpr std::size_t kBits = 20;
  Tensor<Ring> x({kCount}, SecretVector<Ring>(kCount, (Ring{7} << kBits) + 300'000));
  const Tensor<Ring> y = truncated(both, share_out(x, 3), kBits);
  double total = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    total += static_cast<double>(y.data[i]) - static_cast<double>(x.data[i]) / (1 << kBits);
  }
  CHECK(std::abs(total) / kCount < 5 * std::sqrt(0.25 / kCount) + 1e-5);
}

void all_sizes_declare_what_they_send() {
  Sessions both;
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{7}, Shape{8}, Shape{3, 3},
                             Shape{kCotChunk}, Shape{2 * kCotChunk + 9}}) {
    Tensor<Ring> x = random_values(shape, 5);
    for (Ring& value : x.data) value >>= 2;
    check_all(both, x, 33, 6);
  }
  Sessions quieter({8});
  CHECK(is_quotient(truncated(quieter, share_out(Tensor<Ring>({1}, {1000}), 1), 8, 8).data[0], 1000,
                    8));
}

void a_setup_is_used_once() {
  Sessions both;
  both.run([](Session& s, std::size_t) {
    Truncate truncate;
    CHECK(message_of<SetupError>([&] { truncate.send(s, Tensor<Ring>()); }) ==
          "truncate: step 1 of the online phase needs a setup of its own, and there was none");
    CHECK(message_of<std::invalid_argument>([&] { truncate.setup(s, {}, 63); }) ==
          "truncate: 63 bits are not within 1 to 62");
    message_of<std::invalid_argument>([&] { truncate.setup(s, {}, 0); });
    truncate.setup(s, {2}, 8);
    message_of<std::invalid_argument>([&] { truncate.send(s, Tensor<Ring>({3})); });
    truncate.setup(s, {2}, 8);
    message_of<SetupError>([&] { truncate.receive(s); });
    truncate.send(s, Tensor<Ring>({2}));
    message_of<SetupError>([&] { truncate.send(s, Tensor<Ring>({2})); });
    truncate.receive(s);
    message_of<SetupError>([&] { truncate.receive(s); });
  });
}

void traces_are_pinned() {
  Sessions both;
  truncated(both, share_out(Tensor<Ring>({3}, {1, 1000, 70'000}), 4), 9);
  both.check_traces("truncate");
}

}  // namespace

int main() {
  close_at_every_magnitude();
  right_for_every_pair_of_shares();
  errors_average_out();
  all_sizes_declare_what_they_send();
  a_setup_is_used_once();
  traces_are_pinned();
}
