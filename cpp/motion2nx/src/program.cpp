#include "ezmotion/program.h"

#include <ctime>
#include <stdexcept>
#include <utility>

#include "base_ots.h"
#include "duet/agreement.h"

namespace ezmotion {
namespace {

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// What threads other than the calling one have computed since this object was made.
class OtherThreads {
 public:
  double so_far() const { return now() - start_; }

 private:
  static double now() {
    return seconds(CLOCK_PROCESS_CPUTIME_ID) - seconds(CLOCK_THREAD_CPUTIME_ID);
  }

  double start_ = now();
};

// That both servers hold the same public values; MismatchError if not.
void agree(Session& session, const Tensors& publics) {
  duet::Agreement agreement;
  agreement.send(session, publics);
  agreement.receive(session);
}

}  // namespace

Program::Program(MPCProtocol arithmetic, std::size_t threads)
    : arithmetic_(arithmetic), threads_(threads), base_ots_(std::make_unique<BaseOts>()) {}

Program::~Program() = default;

void Program::setup(Session& session, std::size_t clients) {
  if (!connection_) connection_ = std::make_unique<Connection>(session);
  const OtherThreads others;
  backend_.reset();  // the framework has one at a time for a connection
  backend_ = std::make_unique<Backend>(*connection_, arithmetic_, threads_);
  // What cannot be built is refused here, by both servers, which may go on.
  outputs_ = build(*backend_, clients);
  const Connection::Watch watch(*connection_);
  backend_->run_setup(*base_ots_);
  connection_->account(duet::Phase::kSetup, others.so_far());
}

Tensors Program::online(Session& session, const ClientShares& shares, const Tensors& publics) {
  if (!backend_) throw std::logic_error("a program's setup serves one round");
  agree(session, publics);
  const OtherThreads others;
  const Connection::Watch watch(*connection_);
  backend_->run_online(shares, publics);
  Tensors counts;
  for (const TensorCP& count : outputs_.counts) counts.push_back(backend_->value(count));
  sealed_.clear();
  for (const Result& result : outputs_.results) {
    sealed_.push_back({backend_->value(result.tensor), result.significant});
  }
  outputs_ = {};
  backend_.reset();
  connection_->account(duet::Phase::kOnline, others.so_far());
  return counts;
}

std::vector<Opened> Program::reveal(Session& session, const std::vector<unsigned>& lowest) {
  return duet::open_together(session, std::exchange(sealed_, {}), lowest);
}

}  // namespace ezmotion
