#include "duet/session.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "duet/errors.h"
#include "duet/hash.h"
#include "parallel.h"
#include "rlwe.h"

namespace duet {
namespace {

double wall_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Session::Session(Channel channel, int party, Randomness random, Block nonce, Options options)
    : channel_(std::move(channel)),
      party_(party),
      random_(std::move(random)),
      nonce_(nonce),
      options_(options) {
  if (party != 0 && party != 1) throw std::invalid_argument("a party is 0 or 1");
}

void Session::init_ot() {
  if (has_ot()) return;
  if (party_ == 0) {
    ot_sender_.emplace(channel_, random_, options_.ot_k);
    ot_receiver_.emplace(channel_, random_, options_.ot_k);
  } else {
    ot_receiver_.emplace(channel_, random_, options_.ot_k);
    ot_sender_.emplace(channel_, random_, options_.ot_k);
  }
}

Session::~Session() = default;

std::shared_ptr<const RlweKeys> Session::rlwe(const Flooding& flooding) {
  const double budget = options_.flooding_budget;
  if (std::max(flooding[0], flooding[1]) > budget) {
    throw SetupError(
        "a product is too large for lattice encryption: its answers would tell more than "
        "one key may (docs/rlwe.md)");
  }
  if (!rlwe_ || flooded_[0] + flooding[0] > budget || flooded_[1] + flooding[1] > budget) {
    RlweSecretKey mine(random_);
    Prg prg(random_.seed());
    channel_.send(std::span<const std::uint8_t>(mine.public_key(prg)));
    RlwePublicKey peer = RlwePublicKey::parse(channel_.receive<std::uint8_t>(kPublicKeyBytes));
    rlwe_ = std::make_shared<const RlweKeys>(RlweKeys{std::move(mine), std::move(peer)});
    flooded_ = {};
  }
  for (std::size_t party = 0; party < 2; ++party) flooded_[party] += flooding[party];
  return rlwe_;
}

CotSender& Session::ot_sender() {
  if (!ot_sender_) throw std::logic_error("Session::init_ot() has not been called");
  return *ot_sender_;
}

CotReceiver& Session::ot_receiver() {
  if (!ot_receiver_) throw std::logic_error("Session::init_ot() has not been called");
  return *ot_receiver_;
}

std::uint64_t Session::reserve_tweaks(std::uint64_t count) {
  constexpr std::uint64_t kPerKey = std::uint64_t{1} << kTweakBitsPerKey;
  return std::exchange(next_tweak_, next_tweak_ + (count + kPerKey - 1) / kPerKey * kPerKey);
}

void Session::begin(Phase phase) {
  end();
  running_ = phase;
  accounted_[static_cast<std::size_t>(phase)] = {};
  channel_.reset_traffic();
  wall_start_ = wall_now();
  cpu_start_ = thread_cpu_seconds();
}

void Session::resume(Phase phase) {
  const PhaseStats& before = stats_[static_cast<std::size_t>(phase)];
  running_ = phase;
  wall_start_ = wall_now() - before.wall_seconds;
  cpu_start_ = thread_cpu_seconds() - before.cpu_seconds;
}

void Session::end() {
  channel_.flush();
  if (!running_) return;
  stats_[static_cast<std::size_t>(*running_)] = {channel_.traffic(), wall_now() - wall_start_,
                                                 thread_cpu_seconds() - cpu_start_};
  running_.reset();
}

void Session::extend(Phase phase, const std::function<void()>& action) {
  end();
  channel_.reset_traffic();
  const double wall_start = wall_now();
  const double cpu_start = thread_cpu_seconds();
  action();
  channel_.flush();
  account(phase, {channel_.traffic(), wall_now() - wall_start, thread_cpu_seconds() - cpu_start});
}

PhaseStats Session::stats(Phase phase) const {
  PhaseStats sum = stats_[static_cast<std::size_t>(phase)];
  return sum += accounted_[static_cast<std::size_t>(phase)];
}

void Session::parallel(std::size_t count, const std::function<void(std::size_t)>& task) {
  const double seconds = parallel_for(count, options_.threads, task);
  if (running_) account(*running_, {{}, 0, seconds});
}

void Session::account(Phase phase, const PhaseStats& figures) {
  accounted_[static_cast<std::size_t>(phase)] += figures;
}

PhaseStats& PhaseStats::operator+=(const PhaseStats& other) {
  traffic.bytes_sent += other.traffic.bytes_sent;
  traffic.bytes_received += other.traffic.bytes_received;
  traffic.messages_sent += other.traffic.messages_sent;
  traffic.messages_received += other.traffic.messages_received;
  traffic.rounds += other.traffic.rounds;
  wall_seconds += other.wall_seconds;
  cpu_seconds += other.cpu_seconds;
  return *this;
}

}  // namespace duet
