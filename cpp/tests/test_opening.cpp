#include <bit>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "duet/open_arith.h"
#include "duet/opening.h"
#include "protocol.h"

namespace {

using namespace duet;

Ring ring(std::int64_t value) { return static_cast<Ring>(value); }

Tensor<Ring> tensor(std::vector<std::int64_t> values) {
  Tensor<Ring> result({values.size()});
  for (std::size_t i = 0; i < values.size(); ++i) result.data[i] = ring(values[i]);
  return result;
}

std::array<std::vector<Opened>, 2> open(Sessions& both, const std::vector<Shares>& shares,
                                        const std::vector<unsigned>& significant,
                                        const std::vector<unsigned>& lowest, const Cost* cost) {
  std::array<std::vector<Opened>, 2> opened;
  const auto step = [&](Session& s, std::size_t p) {
    std::vector<Sealed> sealed;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      sealed.push_back({shares[i][p], significant[i]});
    }
    opened[p] = open_together(s, std::move(sealed), lowest);
  };
  cost == nullptr ? both.run(step) : both.run(*cost, step);
  return opened;
}

// Within one unit of the last opened place, by arithmetic of its own.
void close_to(const Opened& opened, const Tensor<Ring>& values) {
  CHECK(opened.value.shape == values.shape);
  const unsigned hidden = 64 - opened.bits;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto off = static_cast<std::int64_t>(opened.value.data[i] - values.data[i]);
    CHECK((off < 0 ? -off : off) < (std::int64_t{1} << hidden));
  }
}

void every_magnitude() {
  Sessions both;
  for (unsigned magnitude = 0; magnitude <= 61; ++magnitude) {
    for (const unsigned significant : {24U, 40U}) {
      // Amidst its octave, so that the sharing does not decide about a bit more or less.
      const std::int64_t largest = magnitude < 2 ? magnitude : std::int64_t{3} << (magnitude - 2);
      for (const std::int64_t sign : {1, -1}) {
        const Tensor<Ring> values = tensor({0, sign * largest, -sign * (largest / 3), 1, -1});
        const unsigned bits = std::min(64U, 64 - std::max(magnitude, 1U) + significant);
        const Cost cost = Opening::online_cost(values.size(), bits);
        const Shares shares = share_out(values, magnitude);
        const auto opened = open(both, {shares}, {significant}, {}, &cost);
        for (const auto& results : opened) {
          CHECK(results[0].bits == bits);
          close_to(results[0], values);
          if (bits == 64) CHECK(equal(results[0].value, values));
        }
        CHECK(equal(opened[0][0].value, opened[1][0].value));
      }
    }
  }
  both.check_traces("opening");
}

void sharings_at_the_edges() {
  Sessions both;
  const std::int64_t most = (std::int64_t{1} << 62) - 1;
  const Tensor<Ring> values = tensor({0, 1, -1, most, -most, 1 << 20, -(1 << 20)});
  for (const Ring first : {Ring{0}, ~Ring{0}, Ring{1} << 63, (Ring{1} << 38) - 1, Ring{1} << 38}) {
    Tensor<Ring> mine(values.shape);
    for (Ring& x : mine.data) x = first;
    const auto opened = open(both, {Shares{mine, sub(values, mine)}}, {24}, {}, nullptr);
    for (const auto& results : opened) close_to(results[0], values);
  }
}

void zeros_are_exact() {
  Sessions both;
  const Tensor<Ring> values({7});
  const Cost cost = Opening::online_cost(7, 64);
  const auto opened = open(both, {share_out(values, 3)}, {24}, {}, &cost);
  CHECK(equal(opened[0][0].value, values) && opened[0][0].bits == 64);
}

// Two hidden places: a quarter of all sharings has nothing but zeros there.
void multiples_of_the_last_place_are_exact() {
  Sessions both;
  Tensor<Ring> values({4096});
  for (std::size_t i = 0; i < values.size(); ++i) {
    values.data[i] = ring((i % 2 == 0 ? 4 : -4) * static_cast<std::int64_t>((3 << 22) + i));
  }
  const auto opened = open(both, {share_out(values, 6)}, {24}, {}, nullptr);
  for (const auto& results : opened) {
    CHECK(results[0].bits == 62);
    CHECK(equal(results[0].value, values));
  }
}

void integers_and_what_is_public() {
  Sessions both;
  const Tensor<Ring> values = random_values({3, 5}, 1);
  const Cost cost = OpenArith::online_cost(15);
  const Shares shares = share_out(values, 4);
  const Shares same = {values, values};
  const Shares none = share_out(Tensor<Ring>({0}), 4);
  const auto opened = open(both, {shares, same, none}, {kExact, kPublic, 24}, {}, &cost);
  for (const auto& results : opened) {
    CHECK(equal(results[0].value, values) && results[0].bits == 64);
    CHECK(equal(results[1].value, values) && results[1].bits == 0);
    CHECK(results[2].value.size() == 0 && results[2].bits == 0);
  }
}

void several_go_in_step() {
  Sessions both;
  const Tensor<Ring> large = tensor({std::int64_t{3} << 58, 5});
  const Tensor<Ring> small = tensor({std::int64_t{3} << 20, 5, 6});
  const Cost cost = parallel(Opening::online_cost(2, 64 - 60 + 24), Opening::online_cost(3, 64));
  CHECK(cost.rounds == 4);
  open(both, {share_out(large, 1), share_out(small, 2)}, {24, 24}, {}, &cost);
}

void never_below_the_lowest_place() {
  Sessions both;
  const Tensor<Ring> values = tensor({1000, -70000, 0});
  for (const unsigned lowest : {0U, 10U, 40U, 48U, 63U, 64U}) {
    const auto opened = open(both, {share_out(values, 5)}, {24}, {lowest}, nullptr);
    CHECK(opened[0][0].bits == 64 - std::min(lowest, 48U));
    close_to(opened[0][0], values);
  }
}

// Both shares with other low bits: the same messages, hence nothing of those bits is sent.
void low_bits_are_not_sent() {
  const Tensor<Ring> values = tensor({std::int64_t{3} << 50, std::int64_t{-1} << 48, 12345});
  const unsigned hidden = 52 - 24;
  std::array<Digest, 2> first;
  for (int run = 0; run < 3; ++run) {
    Sessions both;
    Shares shares = share_out(values, 9);
    const Ring low = (Ring{1} << hidden) - 1;
    const Tensor<Ring> noise = random_values(values.shape, static_cast<std::uint64_t>(run));
    for (auto& share : shares) {
      for (std::size_t i = 0; i < share.size(); ++i) {
        share.data[i] = (share.data[i] & ~low) | (noise.data[i] & low);
      }
    }
    const auto opened = open(both, {shares}, {24}, {}, nullptr);
    CHECK(opened[0][0].bits == 64 - hidden);
    const std::array digests = {both[0].channel().sent_digest(), both[1].channel().sent_digest()};
    if (run == 0) first = digests;
    CHECK(digests == first);
  }
}

// The mean of many openings of one value, which are of fresh sharings each, is that value.
void on_average_right() {
  Sessions both;
  constexpr std::size_t kCount = 4096;
  Tensor<Ring> values({kCount});
  for (Ring& v : values.data) v = ring((std::int64_t{3} << 40) + 12345);
  const auto opened = open(both, {share_out(values, 8)}, {24}, {}, nullptr);
  const unsigned hidden = 64 - opened[0][0].bits;
  CHECK(hidden == 18);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    sum += static_cast<std::int64_t>(opened[0][0].value.data[i] - values.data[i]);
  }
  const std::int64_t mean = sum / static_cast<std::int64_t>(kCount);
  CHECK((mean < 0 ? -mean : mean) < (std::int64_t{1} << hidden) / 32);  // five deviations
}

}  // namespace

int main() {
  every_magnitude();
  sharings_at_the_edges();
  zeros_are_exact();
  multiples_of_the_last_place_are_exact();
  integers_and_what_is_public();
  several_go_in_step();
  never_below_the_lowest_place();
  low_bits_are_not_sent();
  on_average_right();
}
