#include "base_ots.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

#include "duet/digest.h"

namespace ezmotion {
namespace {

constexpr std::size_t kTransfers = 128;

using Key = std::array<std::byte, 16>;
using Choices = std::array<std::uint8_t, kTransfers>;

// Not by AES under the first key, which is what the framework expands it with: the blocks of that
// stream go over the wire, under masks.
Key derived(const Key& first, std::uint64_t backend) {
  duet::Sha256 hash;
  hash.update(std::span<const std::byte>(first));
  hash.update_number(backend);
  const duet::Digest digest = hash.digest();
  Key result;
  std::memcpy(result.data(), digest.data(), result.size());
  return result;
}

}  // namespace

void BaseOts::give(MOTION::BaseOTProvider& provider, duet::Session& session) {
  if (!first_) return;
  ++given_;
  const auto& [received, sent] = *first_;
  Choices choices{};
  session.random().fill(std::span<std::uint8_t>(choices));
  Choices mine{};
  MOTION::ReceiverMsgs as_receiver;
  as_receiver.c_.Resize(kTransfers);
  for (std::size_t i = 0; i < kTransfers; ++i) {
    const bool choice = (choices[i] & 1) != 0;
    mine[i] = static_cast<std::uint8_t>(choice != received.c_.Get(i));
    as_receiver.c_.Set(choice, i);
    as_receiver.messages_c_[i] = derived(received.messages_c_[i], given_);
  }
  session.channel().send(std::span<const std::uint8_t>(mine));
  Choices theirs{};
  session.channel().receive(std::span<std::uint8_t>(theirs));
  MOTION::SenderMsgs as_sender;
  for (std::size_t i = 0; i < kTransfers; ++i) {
    const bool swapped = (theirs[i] & 1) != 0;
    const auto& zero = swapped ? sent.messages_1_ : sent.messages_0_;
    const auto& one = swapped ? sent.messages_0_ : sent.messages_1_;
    as_sender.messages_0_[i] = derived(zero[i], given_);
    as_sender.messages_1_[i] = derived(one[i], given_);
  }
  const auto peer = static_cast<std::size_t>(1 - session.party());
  provider.ImportBaseOTs(peer, as_receiver);
  provider.ImportBaseOTs(peer, as_sender);
}

void BaseOts::keep(MOTION::BaseOTProvider& provider, int party) {
  if (!first_) first_ = provider.ExportBaseOTs(static_cast<std::size_t>(1 - party));
}

}  // namespace ezmotion
