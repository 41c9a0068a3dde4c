// Both servers check all clients' proofs (proof.h), once both have closed and compared the lists of
// uploads: each draws a coin from the operating system then, so nobody knew the prime and the point
// when an upload was made. Server 0 sends what its shares evaluate to, server 1 which clients'
// proofs hold. One set of coins for all clients, and never a second one for an upload: values of
// one row at three points would tell what is in it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "duet/kernel.h"
#include "duet/proof.h"
#include "duet/session.h"
#include "duet/tensor.h"

namespace duet {

struct ProofVerdicts {
  std::vector<std::uint8_t> accepted;  // 1 for every client whose proof holds
  Tensor<Ring> products;               // shares of inner products, [clients, those of the layout]
};

// Server 1's uploads, wherever they lie: each is looked at once.
class MaskedUploads {
 public:
  virtual ~MaskedUploads() = default;

  virtual std::size_t size() const = 0;
  // Threads call it at the same time, for different clients.
  virtual void use(std::size_t client,
                   const std::function<void(const MaskedUpload&)>& action) const = 0;
};

// In a file that stays open, from each client's offset on: low words, high bytes, proof.
class FileUploads final : public MaskedUploads {
 public:
  FileUploads(const ProofLayout& layout, int file, std::vector<std::uint64_t> offsets);

  std::size_t size() const override { return offsets_.size(); }
  void use(std::size_t client,
           const std::function<void(const MaskedUpload&)>& action) const override;

 private:
  const ProofLayout& layout_;
  int file_;
  std::vector<std::uint64_t> offsets_;
};

struct ClientProofs {
  static constexpr std::string_view kName = "client_proofs";
  static KernelCosts costs(Sizes& sizes);

  // Party 0, with the clients' keys; party 1, with their uploads in the same order. In the phase
  // kAgreement, which it goes on with.
  static ProofVerdicts run(Session& session, const ProofLayout& layout,
                           std::span<const Block> keys);
  static ProofVerdicts run(Session& session, const ProofLayout& layout,
                           const MaskedUploads& uploads);

  static constexpr Cost online_cost(std::uint64_t clients, std::uint64_t message_bytes) {
    Cost cost = parallel(message_cost(0, kCoinBytes), message_cost(1, kCoinBytes)) +
                message_cost(0, clients * message_bytes) + message_cost(1, (clients + 7) / 8);
    cost.rounds = 2;  // server 1 sends its coin and awaits both messages, then answers
    return cost;
  }

  static constexpr std::size_t kCoinBytes = 16;
};

}  // namespace duet
