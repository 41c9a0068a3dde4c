#include "layer_transport.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "communication/message.h"
#include "communication/message_handler.h"
#include "duet/errors.h"

namespace ezmotion {
namespace {

// How often a reader looks whether the connection is still there.
constexpr duet::Milliseconds kTick{50};

}  // namespace

// The layer's thread fills it; the session's empties it.
class LayerTransport::Inbox final : public MOTION::Communication::MessageHandler {
 public:
  void received_message(std::size_t, std::vector<std::uint8_t>&& message) override {
    const auto* payload = MOTION::Communication::GetMessage(message.data())->payload();
    if (payload == nullptr || payload->size() == 0) return;
    {
      const std::lock_guard lock(mutex_);
      pieces_.emplace_back(payload->begin(), payload->end());
    }
    filled_.notify_one();
  }

  std::size_t take(std::span<std::uint8_t> bytes) {
    const std::lock_guard lock(mutex_);
    std::size_t taken = 0;
    while (taken < bytes.size() && !pieces_.empty()) {
      const std::vector<std::uint8_t>& piece = pieces_.front();
      const std::size_t count = std::min(bytes.size() - taken, piece.size() - begin_);
      std::copy_n(piece.begin() + static_cast<std::ptrdiff_t>(begin_), count,
                  bytes.begin() + static_cast<std::ptrdiff_t>(taken));
      taken += count;
      begin_ += count;
      if (begin_ == piece.size()) {
        pieces_.pop_front();
        begin_ = 0;
      }
    }
    return taken;
  }

  bool wait(duet::Milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return filled_.wait_for(lock, timeout, [this] { return !pieces_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::vector<std::uint8_t>> pieces_;
  std::size_t begin_ = 0;  // of what is not taken yet of the first piece
};

LayerTransport::LayerTransport(MOTION::Communication::CommunicationLayer& layer,
                               const ezmotion::Transport& transport)
    : layer_(layer), transport_(transport), inbox_(std::make_shared<Inbox>()) {
  layer_.register_message_handler([this](std::size_t) { return inbox_; }, {kSessionMessage});
}

LayerTransport::~LayerTransport() { layer_.deregister_message_handler({kSessionMessage}); }

std::size_t LayerTransport::write_some(std::span<const std::uint8_t> bytes) {
  if (!transport_.is_open()) throw duet::PeerError("the peer has closed the connection");
  const auto piece = bytes.first(std::min(bytes.size(), kLongestPiece));
  layer_.broadcast_message(
      MOTION::Communication::BuildMessage(kSessionMessage, piece.data(), piece.size()));
  return piece.size();
}

std::size_t LayerTransport::read_some(std::span<std::uint8_t> bytes) {
  // In this order: what came before the end is still to be read.
  const bool open = transport_.is_open();
  const std::size_t count = inbox_->take(bytes);
  if (count == 0 && !open) throw duet::PeerError("the peer has closed the connection");
  return count;
}

bool LayerTransport::wait(bool or_write, duet::Milliseconds timeout) {
  if (or_write) return true;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  do {
    const auto left =
        std::chrono::duration_cast<duet::Milliseconds>(deadline - std::chrono::steady_clock::now());
    if (inbox_->wait(std::clamp(left, duet::Milliseconds{0}, kTick))) return true;
    if (!transport_.is_open()) return true;  // read_some() says so
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

}  // namespace ezmotion
