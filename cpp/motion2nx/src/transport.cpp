#include "transport.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <thread>

#include "communication/message.h"
#include "duet/errors.h"

namespace ezmotion {
namespace {

constexpr int kGaveUp = 70;  // the exit code; EX_SOFTWARE of sysexits.h
constexpr duet::Milliseconds kTick{100};
constexpr duet::Milliseconds kGrace{1000};
constexpr std::uint64_t kLongestMessage = std::uint64_t{1} << 32;
constexpr const char* kClosed =
    "the other server has closed the connection in the middle of a round";
constexpr const char* kNoMessage = "the other server sends what is no message";

using Header = std::array<std::uint8_t, 8>;

Header header_of(std::uint64_t size) {
  Header header;
  for (std::size_t i = 0; i < header.size(); ++i) {
    header[i] = static_cast<std::uint8_t>(size >> (8 * i));
  }
  return header;
}

std::uint64_t size_in(const Header& header) {
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < header.size(); ++i) size |= std::uint64_t{header[i]} << (8 * i);
  return size;
}

// Of a valid message, the bytes of the session's stream in it.
std::uint64_t session_bytes(const std::uint8_t* message) {
  const auto* content = MOTION::Communication::GetMessage(message);
  return content->message_type() == kSessionMessage && content->payload() != nullptr
             ? content->payload()->size()
             : 0;
}

}  // namespace

void give_up(const char* why) {
  // The threads that send and receive may both notice; one line is enough.
  static std::atomic_flag given_up;
  while (given_up.test_and_set()) ::pause();
  std::fprintf(stderr, "MOTION2NX: %s\n", why);
  std::fflush(stderr);
  ::_exit(kGaveUp);
}

void Transport::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::size_t count = stream_->write_some(bytes);
    if (count == 0) {
      stream_->wait(true, kTick);
      if (is_silent()) return lost("the other server takes nothing");
    } else {
      note_progress();
      bytes = bytes.subspan(count);
    }
  }
}

void Transport::read(std::span<std::uint8_t> bytes) {
  const Clock::time_point deadline = Clock::now() + idle_timeout_;
  while (!bytes.empty()) {
    const std::size_t count = stream_->read_some(bytes);
    bytes = bytes.subspan(count);
    if (count == 0 && !stream_->wait(false, kTick) && Clock::now() > deadline) {
      throw duet::TimeoutError("the other server does not answer on the connection for MOTION2NX");
    }
  }
}

void Transport::watch(bool on) {
  note_progress();
  watched_ = on;
  if (!on || open_) return;
  watched_ = false;
  throw duet::PeerError("the peer is gone: it has closed the connection for MOTION2NX");
}

bool Transport::is_silent() const {
  const auto since = Clock::now().time_since_epoch() - Clock::duration(last_progress_.load());
  return ((watched_ && !paused_) || stopped_) && since > idle_timeout_;
}

void Transport::lost(const char* why) {
  open_ = false;
  // The other server may have left in order, once it had this one's last message: then this round
  // is over, too, as soon as the thread that waits for it wakes up.
  for (duet::Milliseconds waited{0}; watched_ && waited < kGrace; waited += kTick) {
    std::this_thread::sleep_for(kTick);
  }
  if (watched_) give_up(why);
}

void Transport::send_message(const std::uint8_t* message, std::size_t size) {
  if (!open_) return;
  const Header header = header_of(size);
  const std::uint64_t carried = session_bytes(message);
  // Before it goes, since the answer may be faster than this thread.
  all_sent_ += size + header.size();
  statistics_.num_bytes_sent += size + header.size() - carried;
  if (carried == 0) {
    has_sent_ = true;
    statistics_.num_messages_sent += 1;
  }
  try {
    write(header);
    write({message, size});
  } catch (const duet::Error&) {
    lost(kClosed);
  }
}

bool Transport::available() const { return stream_->wait(false, duet::Milliseconds{0}); }

bool Transport::read_all(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    if (stopped_) return false;
    const std::size_t count = stream_->read_some(bytes);
    if (count > 0) {
      note_progress();
      bytes = bytes.subspan(count);
    } else if (!stream_->wait(false, kTick) && is_silent()) {
      lost("nothing was heard of the other server for too long");
    }
  }
  return true;
}

std::optional<std::vector<std::uint8_t>> Transport::receive_message() {
  try {
    Header header;
    if (!read_all(header)) return std::nullopt;
    const std::uint64_t size = size_in(header);
    if (size > kLongestMessage) {
      lost(kNoMessage);
      return std::nullopt;
    }
    std::vector<std::uint8_t> message(size);
    if (!read_all(message)) return std::nullopt;
    // What the framework would only log.
    flatbuffers::Verifier verifier(message.data(), message.size());
    if (!MOTION::Communication::VerifyMessageBuffer(verifier)) {
      lost(kNoMessage);
      return std::nullopt;
    }
    // The other server's last one; the framework's thread ends with it, and nobody reads any more.
    if (MOTION::Communication::GetMessage(message.data())->message_type() ==
        MOTION::Communication::MessageType::TerminationMessage) {
      lost(kClosed);
    }
    const std::uint64_t carried = session_bytes(message.data());
    all_received_ += size + header.size();
    statistics_.num_bytes_received += size + header.size() - carried;
    if (carried == 0) {
      if (has_sent_.exchange(false)) ++rounds_;
      statistics_.num_messages_received += 1;
    }
    return message;
  } catch (const duet::Error&) {
    lost(kClosed);
    return std::nullopt;
  }
}

}  // namespace ezmotion
