#include "duet/channel.h"

#include <algorithm>
#include <cstring>

#include "duet/cost.h"
#include "duet/errors.h"

namespace duet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint16_t kMagic = 0x5544;         // "DU"
constexpr std::size_t kCollectBytes = 64 << 10;  // written at once when more is waiting
constexpr std::size_t kReadBytes = 64 << 10;     // read ahead in steps of
constexpr std::size_t kSlowestBytesPerSecond = 16 << 10;
constexpr std::size_t kKeepBytes = std::size_t{4}
                                   << 20;  // an empty buffer larger than this is freed

}  // namespace

struct Channel::FrameHeader {
  std::uint16_t magic;
  FrameType type;
  std::uint32_t length;
  std::uint64_t sequence;
};

Channel::Channel(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {
  static_assert(sizeof(FrameHeader) == kFrameHeaderBytes);
}

Channel::Channel(Channel&&) noexcept = default;
Channel& Channel::operator=(Channel&&) noexcept = default;
Channel::~Channel() = default;

void Channel::send(std::span<const std::uint8_t> message) {
  receiving_ = false;
  bool last = false;
  while (!last) {
    const auto part = message.first(std::min<std::size_t>(message.size(), kMaxFrameBytes));
    message = message.subspan(part.size());
    last = message.empty();
    const FrameHeader header{kMagic, last ? FrameType::kLast : FrameType::kMore,
                             static_cast<std::uint32_t>(part.size()), frames_sent_++};
    put({reinterpret_cast<const std::uint8_t*>(&header), sizeof header});
    put(part);
    traffic_.bytes_sent += sizeof header + part.size();
  }
  ++traffic_.messages_sent;
}

void Channel::receive(std::span<std::uint8_t> message) {
  start_receiving();
  std::span<std::uint8_t> rest = message;
  bool last = false;
  while (!last) {
    const FrameHeader header = receive_header();
    last = header.type == FrameType::kLast;
    if (header.length > rest.size() || (last && header.length < rest.size())) {
      throw ProtocolError("expected a message of " + std::to_string(message.size()) +
                          " bytes, but the peer's is " + (last ? "" : "at least ") +
                          std::to_string(message.size() - rest.size() + header.length));
    }
    read_payload(rest.first(header.length));
    rest = rest.subspan(header.length);
  }
  ++traffic_.messages_received;
}

std::vector<std::uint8_t> Channel::receive_any(std::size_t limit) {
  start_receiving();
  std::vector<std::uint8_t> message;
  bool last = false;
  while (!last) {
    const FrameHeader header = receive_header();
    last = header.type == FrameType::kLast;
    const std::size_t begin = message.size();
    if (header.length > limit - begin) {
      throw ProtocolError("the peer's message is longer than " + std::to_string(limit) + " bytes");
    }
    message.resize(begin + header.length);
    read_payload(std::span(message).subspan(begin));
  }
  ++traffic_.messages_received;
  return message;
}

void Channel::flush() {
  write_all(outgoing_);
  outgoing_.clear();
}

void Channel::reset_traffic() {
  traffic_ = {};
  receiving_ = false;
}

void Channel::put(std::span<const std::uint8_t> bytes) {
  if (outgoing_.size() + bytes.size() > kCollectBytes) flush();
  if (bytes.size() > kCollectBytes) {
    write_all(bytes);
  } else {
    outgoing_.insert(outgoing_.end(), bytes.begin(), bytes.end());
  }
  sent_.update(bytes);  // after writing: while the network is busy
}

void Channel::write_all(std::span<const std::uint8_t> bytes) {
  set_deadline(bytes.size());
  while (!bytes.empty()) {
    const std::size_t written = transport_->write_some(bytes);
    bytes = bytes.subspan(written);
    if (written == 0) {
      if (read_ahead()) {
        check_deadline();
      } else {
        wait(true);
      }
    }
  }
}

void Channel::read_all(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::size_t buffered = std::min(bytes.size(), incoming_end_ - incoming_begin_);
    if (buffered > 0) {
      std::memcpy(bytes.data(), incoming_.data() + incoming_begin_, buffered);
      incoming_begin_ += buffered;
      bytes = bytes.subspan(buffered);
    } else if (bytes.size() >= kReadBytes) {
      const std::size_t read = transport_->read_some(bytes);
      bytes = bytes.subspan(read);
      if (read == 0) wait(false);
    } else if (!read_ahead()) {
      wait(false);
    }
  }
}

void Channel::read_payload(std::span<std::uint8_t> bytes) {
  read_all(bytes);
  received_.update(std::span<const std::uint8_t>(bytes));
}

// Reads what has arrived into the buffer; false if nothing has.
bool Channel::read_ahead() {
  if (incoming_begin_ == incoming_end_) {
    incoming_begin_ = incoming_end_ = 0;
    if (incoming_.size() > kKeepBytes) incoming_ = {};
  }
  if (incoming_.size() - incoming_end_ < kReadBytes) {
    incoming_.resize(std::max(2 * incoming_.size(), incoming_end_ + kReadBytes));
  }
  const std::size_t read = transport_->read_some(std::span(incoming_).subspan(incoming_end_));
  incoming_end_ += read;
  return read > 0;
}

// The deadline for this many bytes, from now on.
void Channel::set_deadline(std::size_t bytes) {
  const Milliseconds sending(1000 * bytes / kSlowestBytesPerSecond);
  deadline_ = Clock::now() + idle_timeout_ + idle_timeout_ / 4 + sending;
}

void Channel::check_deadline() const {
  if (Clock::now() >= deadline_) {
    throw TimeoutError(
        "the peer is too slow: a frame did not get through in time, at an idle "
        "timeout of " +
        std::to_string(idle_timeout_.count()) + " ms");
  }
}

void Channel::wait(bool or_write) {
  check_deadline();
  const auto left = std::chrono::ceil<Milliseconds>(deadline_ - Clock::now());
  if (transport_->wait(or_write, std::min(idle_timeout_, left))) return;
  if (left >= idle_timeout_) {
    throw TimeoutError("the peer is silent: nothing could be " +
                       std::string(or_write ? "sent" : "received") + " for " +
                       std::to_string(idle_timeout_.count()) + " ms");
  }
  check_deadline();
}

void Channel::start_receiving() {
  flush();
  if (!receiving_) ++traffic_.rounds;
  receiving_ = true;
}

Channel::FrameHeader Channel::receive_header() {
  FrameHeader header;
  set_deadline(0);
  read_all({reinterpret_cast<std::uint8_t*>(&header), sizeof header});
  if (header.magic != kMagic) {
    throw ProtocolError("bad frame: the peer does not speak the Duet protocol");
  }
  if (header.type != FrameType::kMore && header.type != FrameType::kLast) {
    throw ProtocolError("bad frame: unknown type " +
                        std::to_string(static_cast<unsigned>(header.type)));
  }
  if (header.length > kMaxFrameBytes) {
    throw ProtocolError("bad frame: length " + std::to_string(header.length));
  }
  // Every part but the last is full: so a peer cannot send parts without end that bring nothing.
  if (header.type == FrameType::kMore && header.length != kMaxFrameBytes) {
    throw ProtocolError("bad frame: a part of " + std::to_string(header.length) +
                        " bytes that is not the last");
  }
  if (header.sequence != frames_received_) {
    throw ProtocolError("bad frame: number " + std::to_string(header.sequence) + " instead of " +
                        std::to_string(frames_received_));
  }
  ++frames_received_;
  received_.update(std::span<const FrameHeader>(&header, 1));
  traffic_.bytes_received += sizeof header + header.length;
  set_deadline(header.length);
  return header;
}

}  // namespace duet
