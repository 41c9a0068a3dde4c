#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <vector>

#include "duet/add_noise.h"
#include "duet/discrete_gaussian.h"
#include "protocol.h"

namespace {

using namespace duet;

std::vector<std::int64_t> drawn(std::uint64_t deviation, std::size_t count, std::uint64_t seed) {
  const DiscreteGaussian gaussian(deviation);
  Prg prg({seed, 0xd95});
  std::vector<std::int64_t> numbers(count);
  for (std::int64_t& number : numbers) number = static_cast<std::int64_t>(gaussian.draw(prg));
  return numbers;
}

// Every number's frequency against its probability. The largest of 2k + 1 standardised deviations
// is above 5 with a probability below 1e-5.
void frequencies_are_probabilities() {
  constexpr std::size_t kCount = 400000;
  for (const std::uint64_t deviation : {1, 2, 3, 10}) {
    std::map<std::int64_t, double> found;
    for (const std::int64_t x : drawn(deviation, kCount, deviation)) found[x] += 1;
    const auto s = static_cast<double>(deviation);
    const auto weight = [&](double x) { return std::exp(-x * x / (2 * s * s)); };
    double total = 0;
    for (int x = -200; x <= 200; ++x) total += weight(x);
    double chi_square = 0;
    int cells = 0;
    double counted = 0;
    for (int x = -static_cast<int>(3.5 * s); x <= static_cast<int>(3.5 * s); ++x) {
      const double expected = kCount * weight(x) / total;
      const double difference = found[x] - expected;
      CHECK(std::abs(difference) < 5 * std::sqrt(expected));
      chi_square += difference * difference / expected;
      counted += found[x];
      ++cells;
    }
    // A chi-square variable with k degrees of freedom has the mean k and the variance 2k.
    CHECK(chi_square < cells + 5 * std::sqrt(2.0 * cells));
    CHECK(counted > 0.99 * kCount && counted < kCount);
  }
}

// Mean, variance and fourth moment, from the smallest deviation that programs may have to the
// largest.
void moments_are_those_of_a_gaussian() {
  constexpr std::size_t kCount = 200000;
  for (const int bits : {10, 20, 31, 33, 44, 58}) {
    const std::uint64_t deviation = (std::uint64_t{1} << bits) - (bits == 58 ? 0 : 1);
    double mean = 0;
    double variance = 0;
    double fourth = 0;
    std::size_t odd = 0;
    for (const std::int64_t x : drawn(deviation, kCount, deviation)) {
      const double z = static_cast<double>(x) / static_cast<double>(deviation);
      mean += z / kCount;
      variance += z * z / kCount;
      fourth += z * z * z * z / kCount;
      odd += x & 1;
    }
    const double root = std::sqrt(static_cast<double>(kCount));
    CHECK(std::abs(mean) < 5 / root);
    CHECK(std::abs(variance - 1) < 5 * std::sqrt(2.0) / root);
    CHECK(std::abs(fourth - 3) < 5 * std::sqrt(96.0) / root);
    // The last place is as random as any.
    CHECK(std::abs(static_cast<double>(odd) / kCount - 0.5) < 2.5 / root);
  }
}

void what_it_cannot_draw_is_refused() {
  for (const std::uint64_t deviation : {std::uint64_t{0}, DiscreteGaussian::kLargest + 1,
                                        std::numeric_limits<std::uint64_t>::max()}) {
    CHECK(!message_of<std::invalid_argument>([&] { DiscreteGaussian{deviation}; }).empty());
  }
}

void parts_have_no_less_than_what_is_asked_for() {
  using enum AddNoise::Part;
  CHECK(AddNoise::part_deviation(0, kFull) == 0 && AddNoise::part_deviation(0, kJoint) == 0);
  for (const std::uint64_t x : {std::uint64_t{1}, std::uint64_t{1024}, std::uint64_t{99999},
                                (std::uint64_t{1} << 53) + 5, (std::uint64_t{1} << 57) + 3}) {
    CHECK(AddNoise::part_deviation(x, kFull) == x + 1);
    const std::uint64_t joint = AddNoise::part_deviation(x, kJoint);
    __extension__ using Wide = unsigned __int128;
    CHECK(2 * static_cast<Wide>(joint) * joint >= static_cast<Wide>(x + 1) * (x + 1));
    CHECK(2 * static_cast<Wide>(joint - 1) * (joint - 1) < static_cast<Wide>(x + 1) * (x + 1));
  }
}

Tensor<Ring> minus(const Tensor<Ring>& a, const Tensor<Ring>& b) { return sub(a, b); }

double deviation_of(const Tensor<Ring>& noise) {
  double squares = 0;
  for (const Ring x : noise.data) {
    const auto number = static_cast<double>(static_cast<std::int64_t>(x));
    squares += number * number / static_cast<double>(noise.data.size());
  }
  return std::sqrt(squares);
}

double correlation(const Tensor<Ring>& a, const Tensor<Ring>& b) {
  double products = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) {
    products += static_cast<double>(static_cast<std::int64_t>(a.data[i])) *
                static_cast<double>(static_cast<std::int64_t>(b.data[i])) /
                static_cast<double>(a.data.size());
  }
  return products / (deviation_of(a) * deviation_of(b));
}

// Nothing is sent, and each party adds to its own share what no other draw has to do with: not the
// other party's, and not its own of another tensor or round.
void each_party_adds_its_own_noise() {
  constexpr std::size_t kCount = 40000;
  constexpr double kNear = 5.0 / 200;  // five standard deviations of a correlation of 40000 pairs
  const Shares shares = share_out(random_values({kCount}, 1), 2);
  for (const auto part : {AddNoise::Part::kFull, AddNoise::Part::kJoint}) {
    Sessions both;
    std::array<std::array<Tensor<Ring>, 2>, 2> noise;
    Sizes sizes(std::map<std::string, Sizes::Value>{{"elements", std::uint64_t{kCount}}});
    const Cost declared = AddNoise::costs(sizes).online;
    both.run(declared, [&](Session& s, std::size_t p) {
      AddNoise add_noise(part);
      for (auto& draw : noise) {
        draw[p] = minus(add_noise.online(s, shares[p], {{}, {5000}}), shares[p]);
      }
    });
    const double expected = part == AddNoise::Part::kFull ? 5001 : 5001 / std::sqrt(2.0);
    for (const auto& draw : noise) {
      for (const auto& own : draw) CHECK(std::abs(deviation_of(own) / expected - 1) < 0.02);
      const Tensor<Ring> sum = add(draw[0], draw[1]);
      CHECK(std::abs(deviation_of(sum) / (expected * std::sqrt(2.0)) - 1) < 0.02);
      CHECK(std::abs(correlation(draw[0], draw[1])) < kNear);
    }
    for (std::size_t p : {0, 1}) CHECK(std::abs(correlation(noise[0][p], noise[1][p])) < kNear);
  }
}

// The sessions of other tests have fixed randomness; those of programs have not.
void no_two_sessions_draw_the_same() {
  std::set<Ring> first;
  for (int i = 0; i < 3; ++i) {
    Randomness os = Randomness::os();
    Prg prg(os.seed());
    first.insert(DiscreteGaussian(std::uint64_t{1} << 50).draw(prg));
  }
  CHECK(first.size() == 3);
}

void no_deviation_is_no_noise() {
  Sessions both;
  const Tensor<Ring> x = random_values({3}, 4);
  both.run(Cost{}, [&](Session& s, std::size_t) {
    CHECK(equal(AddNoise(AddNoise::Part::kFull).online(s, x, {{}, {0}}), x));
  });
}

}  // namespace

int main() {
  frequencies_are_probabilities();
  moments_are_those_of_a_gaussian();
  what_it_cannot_draw_is_refused();
  parts_have_no_less_than_what_is_asked_for();
  each_party_adds_its_own_noise();
  no_two_sessions_draw_the_same();
  no_deviation_is_no_noise();
}
