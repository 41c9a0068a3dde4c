// Running an op's phases at both parties of a session, and what tests look at afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "duet/linear.h"
#include "duet/prg.h"
#include "duet/session.h"
#include "two_party.h"
#include "wire_traces.h"

namespace duet {

inline Tensor<Ring> random_values(const Shape& shape, std::uint64_t seed) {
  Tensor<Ring> values(shape);
  Prg({seed, 0x7e57}).fill(std::span<Ring>(values.data));
  return values;
}

using Shares = std::array<Tensor<Ring>, 2>;

inline Shares share_out(const Tensor<Ring>& values, std::uint64_t seed) {
  Tensor<Ring> first = random_values(values.shape, seed + 0x5ac3e7);
  Tensor<Ring> second = sub(values, first);
  return {std::move(first), std::move(second)};
}

inline bool equal(const Tensor<Ring>& a, const Tensor<Ring>& b) {
  return a.shape == b.shape && a.data == b.data;
}

inline constexpr Block kTestNonce{0x6e6f, 0x6e63};

// What two sessions are prepared for: oblivious transfer, or also lattice encryption.
enum class Keys { kTransfer, kLattice };

// Two sessions with prepared OTs and fixed randomness.
class Sessions {
 public:
  explicit Sessions(Options options = {}, Keys keys = Keys::kTransfer)
      : Sessions(Channel::local_pair(), options, keys) {}

  Session& operator[](int party) { return party == 0 ? first_ : second_; }

  // Runs `step` at both parties; it gets the session and the party's index.
  void run(const auto& step) {
    run_both(
        [&] {
          step(first_, std::size_t{0});
          first_.channel().flush();
        },
        [&] {
          step(second_, std::size_t{1});
          second_.channel().flush();
        });
  }

  // Runs it and compares what it takes with what was declared.
  void run(const Cost& declared, const auto& step) {
    first_.channel().reset_traffic();
    second_.channel().reset_traffic();
    run(step);
    const Cost measured = measured_cost(first_.channel(), second_.channel());
    if (!(measured == declared)) {
      std::fprintf(stderr, "measured %s, declared %s\n", text(measured).c_str(),
                   text(declared).c_str());
    }
    CHECK(measured == declared);
  }

  void check_traces(const std::string& entry) {
    check_trace(first_.channel(), entry, 0);
    check_trace(second_.channel(), entry, 1);
  }

 private:
  Sessions(std::pair<Channel, Channel> channels, Options options, Keys keys)
      : first_(std::move(channels.first), 0, Randomness::for_tests({1, 0}), kTestNonce, options),
        second_(std::move(channels.second), 1, Randomness::for_tests({2, 0}), kTestNonce, options) {
    run([&](Session& session, std::size_t) {
      session.init_ot();
      if (keys == Keys::kLattice) session.rlwe({0, 0});
    });
  }

  static std::string text(const Cost& cost) {
    return std::to_string(cost.bytes[0]) + "+" + std::to_string(cost.bytes[1]) + " bytes, " +
           std::to_string(cost.messages[0]) + "+" + std::to_string(cost.messages[1]) +
           " messages, " + std::to_string(cost.rounds) + " rounds";
  }

  Session first_;
  Session second_;
};

}  // namespace duet
