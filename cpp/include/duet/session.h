// One party's side of a connection: channel, randomness, oblivious transfers, statistics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "duet/block.h"
#include "duet/channel.h"
#include "duet/flooding.h"
#include "duet/ot_extension.h"
#include "duet/prg.h"

namespace duet {

// kAgreement: on which clients take part in a round.
enum class Phase { kSetup, kOnline, kAgreement };
inline constexpr std::size_t kPhases = 3;

struct PhaseStats {
  Traffic traffic;
  double wall_seconds = 0;
  double cpu_seconds = 0;  // of the calling thread and those that it has work done by

  PhaseStats& operator+=(const PhaseStats& other);
};

struct Options {
  int ot_k = kDefaultOtK;
  unsigned threads = 0;  // for lattice encryption; 0: one for each core
  double flooding_budget = kFloodingBudget;
};

struct RlweKeys;

class Session {
 public:
  // `nonce`: fresh for every session and the same at both parties (handshake.h).
  Session(Channel channel, int party, Randomness random, Block nonce, Options options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  int party() const { return party_; }
  const Options& options() const { return options_; }
  Block nonce() const { return nonce_; }
  Channel& channel() { return channel_; }
  Randomness& random() { return random_; }

  // Prepares OTs in both directions, the first time; both parties call it at the same point.
  void init_ot();
  bool has_ot() const { return ot_sender_.has_value(); }
  CotSender& ot_sender();
  CotReceiver& ot_receiver();

  // Keys for lattice encryption. `flooding` is what the answers under each party's key will spend
  // of that key's budget. Both parties call it at the same point, with the same figures: the first
  // call exchanges public keys, and so does every call that would exceed a key's budget. SetupError
  // if a new key could not answer that much either.
  std::shared_ptr<const RlweKeys> rlwe(const Flooding& flooding);

  // `count` consecutive hash tweaks that nothing else in this session uses; returns the first, with
  // which a key of the hash begins. Both parties reserve in the same order, so they agree.
  std::uint64_t reserve_tweaks(std::uint64_t count);

  // begin() forgets the phase's earlier figures and starts its clocks; end() flushes and stops
  // them. resume() goes on with the phase that ended last.
  void begin(Phase phase);
  void resume(Phase phase);
  void end();
  // Adds what `action` takes to the figures of a phase that has ended.
  void extend(Phase phase, const std::function<void()>& action);
  PhaseStats stats(Phase phase) const;

  // Calls task(0), ..., task(count - 1), each once, on as many threads as the options allow. Tasks
  // do not use the session.
  void parallel(std::size_t count, const std::function<void(std::size_t)>& task);

  // Adds to a phase's figures what neither the channel nor this thread's clock saw: work by other
  // threads, over other connections. Figures may be negative. begin() forgets them, too.
  void account(Phase phase, const PhaseStats& figures);

 private:
  Channel channel_;
  int party_;
  Randomness random_;
  Block nonce_;
  Options options_;
  std::optional<CotSender> ot_sender_;
  std::optional<CotReceiver> ot_receiver_;
  std::shared_ptr<const RlweKeys> rlwe_;
  Flooding flooded_{};  // spent of the budgets of rlwe_
  std::uint64_t next_tweak_ = 0;
  std::optional<Phase> running_;
  double wall_start_ = 0;
  double cpu_start_ = 0;
  std::array<PhaseStats, kPhases> stats_;
  std::array<PhaseStats, kPhases> accounted_;
};

}  // namespace duet
