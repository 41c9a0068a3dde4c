#include <algorithm>
#include <cmath>
#include <string>

#include "duet/coins.h"
#include "duet/sketch.h"
#include "protocol.h"

namespace {

using namespace duet;

Tensor<Ring> fixed_coins(Ring seed) { return {{4}, {seed, 0xffffffff, 0, 0x80000001}}; }

Tensor<Ring> toss(Sessions& both) {
  std::array<Tensor<Ring>, 2> coins;
  both.run(Coins::online_cost(), [&](Session& s, std::size_t p) {
    Coins own;
    own.send(s);
    coins[p] = own.receive(s);
  });
  CHECK(coins[0].shape == Shape{4} && equal(coins[0], coins[1]));
  for (const Ring coin : coins[0].data) CHECK(coin < Ring{1} << 32);
  return coins[0];
}

void both_get_the_same_coins_and_never_twice() {
  Sessions both;
  CHECK(!equal(toss(both), toss(both)));
}

// The matrix of the map: every unit vector's sketch. Each has one entry of 1 or -1 per block.
void unit_vectors_go_to_one_sum_per_block() {
  constexpr std::size_t kEntries = 600;
  constexpr std::size_t kSums = 24;
  Tensor<Ring> units({kEntries, kEntries});
  for (std::size_t j = 0; j < kEntries; ++j) units.data[j * kEntries + j] = 1;
  const Tensor<Ring> matrix = sketch(units, fixed_coins(5), kSums);
  CHECK((matrix.shape == Shape{kEntries, kSums}));
  std::array<int, kSums> used{};
  int negative = 0;
  for (std::size_t j = 0; j < kEntries; ++j) {
    for (std::size_t block = 0; block < kSketchBlocks; ++block) {
      int entries = 0;
      for (std::size_t i = 0; i < kSums / kSketchBlocks; ++i) {
        const std::size_t sum = block * (kSums / kSketchBlocks) + i;
        const Ring value = matrix.data[j * kSums + sum];
        CHECK(value == 0 || value == 1 || value == 0 - Ring{1});
        used[sum] += value != 0;
        entries += value != 0;
        negative += value > 1;
      }
      CHECK(entries == 1);
    }
  }
  // 100 each on average, of deviation 9; and half of all signs.
  for (const int count : used) CHECK(count > 50 && count < 150);
  CHECK(std::abs(negative - 1200) < 150);

  // Linear, whatever the values.
  const Tensor<Ring> x = random_values({2, 3, kEntries}, 4);
  const Shares shares = share_out(x, 9);
  CHECK(
      equal(add(sketch(shares[0], fixed_coins(5), kSums), sketch(shares[1], fixed_coins(5), kSums)),
            sketch(x, fixed_coins(5), kSums)));
  CHECK(!equal(sketch(x, fixed_coins(6), kSums), sketch(x, fixed_coins(5), kSums)));
}

// All rows have one map, but each is turned by an offset of its own.
void rows_are_turned() {
  constexpr std::size_t kEntries = 500;
  const Tensor<Ring> row = random_values({kEntries}, 1);
  Tensor<Ring> rows({2, kEntries});
  for (std::size_t i = 0; i < rows.size(); ++i) rows.data[i] = row.data[i % kEntries];
  const Tensor<Ring> both = sketch(rows, fixed_coins(3), 16);
  const Tensor<Ring> alone = sketch(row, fixed_coins(3), 16);
  int turns = 0;
  for (std::size_t turn = 0; turn < kEntries; ++turn) {
    for (std::size_t j = 0; j < kEntries; ++j) {
      rows.data[(j + turn) % kEntries] = row.data[j];
      rows.data[kEntries + j] = 0;
    }
    const Tensor<Ring> turned = sketch(rows, fixed_coins(3), 16);
    turns += std::equal(turned.data.begin(), turned.data.begin() + 16, both.data.begin() + 16);
  }
  CHECK(std::equal(alone.data.begin(), alone.data.end(), both.data.begin()));
  CHECK(turns == 1);
}

// Mean and variance of the estimate, over many maps, for vectors that are flat and that are not.
void squared_norms_are_kept_on_average() {
  constexpr std::size_t kSums = 64;
  constexpr int kMaps = 2000;
  for (const std::size_t entries : {2, 10, 1000}) {
    const Tensor<Ring> ones({entries}, SecretVector<Ring>(entries, 3));
    const double norm = 9.0 * static_cast<double>(entries);
    double mean = 0;
    double variance = 0;
    for (Ring map = 0; map < kMaps; ++map) {
      const Tensor<Ring> sums = sketch(ones, fixed_coins(map), kSums);
      const double estimate =
          static_cast<double>(sum(mul(sums, sums), {0}).data[0]) / kSketchBlocks;
      mean += estimate / norm / kMaps;
      variance += std::pow(estimate / norm - 1, 2) / kMaps;
    }
    const double bound = 2.0 / kSums;
    CHECK(std::abs(mean - 1) < 5 * std::sqrt(bound / kMaps));
    const double expected = bound * (1 - 1 / static_cast<double>(entries));
    CHECK(variance > 0.8 * expected && variance < 1.2 * expected);
  }
}

void empty_and_wrong_sizes() {
  CHECK(equal(sketch(Tensor<Ring>({2, 0}), fixed_coins(1), 8), Tensor<Ring>({2, 8})));
  CHECK(equal(sketch(Tensor<Ring>({0, 5}), fixed_coins(1), 8), Tensor<Ring>({0, 8})));
  CHECK(message_of<std::invalid_argument>([] { sketch(Tensor<Ring>({3}), fixed_coins(1), 6); }) ==
        "sketch: 6 sums for 4 blocks");
  CHECK(!message_of<std::invalid_argument>([] {
           sketch(Tensor<Ring>({3}), Tensor<Ring>({2}), 8);
         }).empty());
}

void traces_and_map_are_pinned() {
  Sessions both;
  const Tensor<Ring> coins = toss(both);
  both.check_traces("coins");
  const Tensor<Ring> sums = sketch(random_values({1000}, 1), coins, 8);
  const std::string start = hex({reinterpret_cast<const std::uint8_t*>(sums.data.data()), 16});
  if (start != "bfd94a086a8bb0ff63680aa46da26514") std::fprintf(stderr, "map %s\n", start.c_str());
  CHECK(start == "bfd94a086a8bb0ff63680aa46da26514");
}

}  // namespace

int main() {
  both_get_the_same_coins_and_never_twice();
  unit_vectors_go_to_one_sum_per_block();
  rows_are_turned();
  squared_norms_are_kept_on_average();
  empty_and_wrong_sizes();
  traces_and_map_are_pinned();
}
