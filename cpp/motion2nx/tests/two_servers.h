// Both servers in one process, with a thread each.
#pragma once

#include <array>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base_ots.h"
#include "check.h"
#include "duet/linear.h"
#include "duet/prg.h"
#include "duet/session.h"
#include "ezmotion/operations.h"

namespace ezmotion {

inline constexpr std::array kProtocols = {MPCProtocol::ArithmeticGMW, MPCProtocol::ArithmeticBEAVY};

inline Tensor<Ring> random_tensor(const Shape& shape, std::uint64_t seed) {
  Tensor<Ring> tensor(shape);
  duet::Prg({seed, 0}).fill(std::span<Ring>(tensor.data));
  return tensor;
}

// `count` values, also negative ones, of `width` bits in two's complement, sign-extended.
inline Tensor<Ring> signed_tensor(const Shape& shape, std::size_t width, std::uint64_t seed) {
  Tensor<Ring> tensor = random_tensor(shape, seed);
  for (Ring& x : tensor.data) {
    x = static_cast<Ring>(static_cast<std::int64_t>(x) >> (64 - width));
  }
  return tensor;
}

inline bool equal(const Tensor<Ring>& a, const Tensor<Ring>& b) {
  return a.shape == b.shape && a.data == b.data;
}

inline std::pair<duet::Channel, duet::Channel> tcp_pair() {
  duet::Listener listener("127.0.0.1", 0);
  auto caller = duet::connect_transport("127.0.0.1", listener.port(), duet::Milliseconds(5000));
  auto answerer = listener.accept_transport(duet::Milliseconds(5000));
  return {duet::Channel(std::move(caller)), duet::Channel(std::move(answerer))};
}

class TwoServers {
 public:
  explicit TwoServers(
      std::pair<duet::Channel, duet::Channel> channels = duet::Channel::local_pair())
      : first_(std::move(channels.first), 0, duet::Randomness::os(), kNonce),
        second_(std::move(channels.second), 1, duet::Randomness::os(), kNonce) {
    both([this](int party) {
      connections_[static_cast<std::size_t>(party)] = std::make_unique<Connection>(session(party));
    });
  }
  ~TwoServers() {
    both([this](int party) { connections_[static_cast<std::size_t>(party)].reset(); });
  }

  duet::Session& session(int party) { return party == 0 ? first_ : second_; }
  Connection& connection(int party) { return *connections_[static_cast<std::size_t>(party)]; }

  static void both(const std::function<void(int)>& action) {
    std::thread other([&] {
      try {
        action(1);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "party 1: %s\n", error.what());
        std::_Exit(1);
      }
    });
    action(0);
    other.join();
  }

  // Shares `inputs`, which have an axis at least, runs a graph on their additive shares at both
  // servers, and adds up the shares of its results.
  using Build = std::function<TensorCPs(Backend&, const TensorCPs&)>;
  Tensors compute(MPCProtocol arithmetic, const Tensors& inputs, const Build& build) {
    std::array<Tensors, 2> shares;
    std::array<Tensors, 2> results;
    for (const Tensor<Ring>& input : inputs) {
      shares[0].push_back(random_tensor(input.shape, next_seed_++));
      shares[1].push_back(duet::sub(input, shares[0].back()));
    }
    both([&](int party) {
      const auto i = static_cast<std::size_t>(party);
      results[i] = run(connection(party), base_ots_[i], arithmetic, shares[i], build);
    });
    CHECK(results[0].size() == results[1].size());
    Tensors sums;
    for (std::size_t i = 0; i < results[0].size(); ++i) {
      sums.push_back(duet::add(results[0][i], results[1][i]));
    }
    return sums;
  }

  // One server's part of it.
  static Tensors run(Connection& connection, BaseOts& base_ots, MPCProtocol arithmetic,
                     const Tensors& shares, const Build& build) {
    const Connection::Watch watch(connection);
    Backend backend(connection, arithmetic, 1);
    duet::ClientShares given;
    TensorCPs inputs;
    for (const Tensor<Ring>& share : shares) {
      inputs.push_back(backend.add_share_input(inputs.size(), share.shape));
      given.add(duet::SharedRows(share));
    }
    const TensorCPs outputs = build(backend, inputs);
    backend.run_setup(base_ots);
    backend.run_online(given, {});
    Tensors results;
    for (const TensorCP& output : outputs) results.push_back(backend.value(output));
    return results;
  }

  BaseOts& base_ots(int party) { return base_ots_[static_cast<std::size_t>(party)]; }

 private:
  static constexpr duet::Block kNonce{1, 2};

  duet::Session first_;
  duet::Session second_;
  std::array<std::unique_ptr<Connection>, 2> connections_;
  std::array<BaseOts, 2> base_ots_;
  std::uint64_t next_seed_ = 1'000'000;
};

}  // namespace ezmotion
