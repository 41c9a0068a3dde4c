#include "duet/channel.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

#include "duet/cost.h"
#include "duet/errors.h"

namespace duet {
namespace {

constexpr std::uint16_t kMagic = 0x5544;         // "DU"
constexpr std::size_t kCollectBytes = 64 << 10;  // written at once when more is waiting
constexpr std::size_t kReadBytes = 64 << 10;     // read ahead in steps of
constexpr std::size_t kKeepBytes = std::size_t{4}
                                   << 20;  // an empty buffer larger than this is freed

}  // namespace

struct Channel::FrameHeader {
  std::uint16_t magic;
  FrameType type;
  std::uint32_t length;
  std::uint64_t sequence;
};

void Channel::FreeTrace::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

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
    read_all(rest.first(header.length));
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
    read_all(std::span(message).subspan(begin));
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

void Channel::enable_trace() {
  trace_.reset(EVP_MD_CTX_new());
  if (trace_ == nullptr || EVP_DigestInit_ex(trace_.get(), EVP_sha256(), nullptr) != 1) {
    throw Error("OpenSSL cannot set up SHA-256");
  }
}

std::array<std::uint8_t, 32> Channel::trace_digest() const {
  // Finishing a copy leaves the trace open.
  const std::unique_ptr<evp_md_ctx_st, FreeTrace> copy(EVP_MD_CTX_new());
  std::array<std::uint8_t, 32> digest;
  if (copy == nullptr || trace_ == nullptr || EVP_MD_CTX_copy_ex(copy.get(), trace_.get()) != 1 ||
      EVP_DigestFinal_ex(copy.get(), digest.data(), nullptr) != 1) {
    throw Error("no trace to take a digest of");
  }
  return digest;
}

void Channel::put(std::span<const std::uint8_t> bytes) {
  if (trace_ != nullptr) EVP_DigestUpdate(trace_.get(), bytes.data(), bytes.size());
  if (outgoing_.size() + bytes.size() > kCollectBytes) flush();
  if (bytes.size() > kCollectBytes) {
    write_all(bytes);
  } else {
    outgoing_.insert(outgoing_.end(), bytes.begin(), bytes.end());
  }
}

void Channel::write_all(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::size_t written = transport_->write_some(bytes);
    bytes = bytes.subspan(written);
    if (written == 0 && !read_ahead()) wait(true);
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

// Reads what is there into the buffer; false if nothing is.
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

void Channel::wait(bool or_write) {
  if (!transport_->wait(or_write, idle_timeout_)) {
    throw TimeoutError("the peer is silent: nothing could be " +
                       std::string(or_write ? "sent" : "received") + " for " +
                       std::to_string(idle_timeout_.count()) + " ms");
  }
}

void Channel::start_receiving() {
  flush();
  if (!receiving_) ++traffic_.rounds;
  receiving_ = true;
}

Channel::FrameHeader Channel::receive_header() {
  FrameHeader header;
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
  if (header.sequence != frames_received_) {
    throw ProtocolError("bad frame: number " + std::to_string(header.sequence) + " instead of " +
                        std::to_string(frames_received_));
  }
  ++frames_received_;
  traffic_.bytes_received += sizeof header + header.length;
  return header;
}

}  // namespace duet
