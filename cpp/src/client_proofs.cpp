#include "duet/client_proofs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "calibration.h"
#include "duet/errors.h"
#include "proof_evaluation.h"
#include "read_file.h"

namespace duet {
namespace {

// The exclusive or of both servers' coins; each draws its own now, from the operating system.
Block tossed(Session& session) {
  session.random().renew();
  const std::array<Block, 1> own{session.random().seed()};
  std::array<Block, 1> other{};
  session.channel().send(std::span<const Block>(own));
  session.channel().receive(std::span<Block>(other));
  return own[0] ^ other[0];
}

// A client's part of server 0's message.
std::vector<std::uint8_t> message_of(const ProofHalf& half) {
  std::vector<std::uint8_t> bytes;
  const auto append = [&](const void* data, std::size_t size) {
    const auto* begin = static_cast<const std::uint8_t*>(data);
    bytes.insert(bytes.end(), begin, begin + size);
  };
  append(half.rows.data(), 8 * half.rows.size());
  append(&half.polynomial, 8);
  for (const Int256& share : half.statements) append(share.limbs.data(), Int256::kBytes);
  return bytes;
}

// The same, read; numbers that are no residues are taken modulo the prime.
ProofHalf parse(const ProofLayout& layout, const Prime61& prime,
                std::span<const std::uint8_t> bytes) {
  ProofHalf half;
  half.rows.resize(layout.all_rows());
  std::copy_n(bytes.data(), 8 * half.rows.size(),
              reinterpret_cast<std::uint8_t*>(half.rows.data()));
  std::memcpy(&half.polynomial, bytes.data() + 8 * half.rows.size(), 8);
  for (std::uint64_t& value : half.rows) value = prime.reduce(Wide{value});
  half.polynomial = prime.reduce(Wide{half.polynomial});
  bytes = bytes.subspan(8 * (half.rows.size() + 1));
  for (std::size_t s = 0; s < layout.all_statements(); ++s) {
    half.statements.push_back(Int256::load(bytes.data() + s * Int256::kBytes));
  }
  return half;
}

ProofVerdicts no_verdicts(const ProofLayout& layout, std::size_t clients) {
  return {std::vector<std::uint8_t>(clients), Tensor<Ring>({clients, layout.products().size()})};
}

void take_products(ProofVerdicts& verdicts, std::size_t client, const ProofHalf& half) {
  std::copy(
      half.products.begin(), half.products.end(),
      verdicts.products.data.begin() + static_cast<std::ptrdiff_t>(client * half.products.size()));
}

void check(const ProofLayout& layout, const MaskedUpload& upload) {
  if (upload.low.size() != layout.entries() || upload.high.size() != layout.high_bytes() ||
      upload.proof.size() != layout.proof_bytes()) {
    throw std::invalid_argument("ClientProofs: an upload of other sizes than the layout's");
  }
}

}  // namespace

FileUploads::FileUploads(const ProofLayout& layout, int file, std::vector<std::uint64_t> offsets)
    : layout_(layout), file_(file), offsets_(std::move(offsets)) {}

void FileUploads::use(std::size_t client,
                      const std::function<void(const MaskedUpload&)>& action) const {
  SecretVector<Ring> low(layout_.entries());
  SecretVector<std::uint8_t> rest(layout_.high_bytes() + layout_.proof_bytes());
  const std::uint64_t offset = offsets_.at(client);
  read_file(file_, offset, std::as_writable_bytes(std::span(low)));
  read_file(file_, offset + low.size() * sizeof(Ring), std::as_writable_bytes(std::span(rest)));
  const std::span<const std::uint8_t> bytes(rest);
  action({low, bytes.first(layout_.high_bytes()), bytes.subspan(layout_.high_bytes())});
}

KernelCosts ClientProofs::costs(Sizes& sizes) {
  const std::uint64_t clients = sizes["clients"];
  const double entries = static_cast<double>(clients * sizes["entries"]);
  return {{}, online_cost(clients, sizes["message_bytes"]), calibration::kProofEntry * entries};
}

ProofVerdicts ClientProofs::run(Session& session, const ProofLayout& layout,
                                std::span<const Block> keys) {
  session.resume(Phase::kAgreement);
  const ProofPoint point(layout, tossed(session));
  ProofVerdicts verdicts = no_verdicts(layout, keys.size());
  std::vector<std::uint8_t> message(keys.size() * layout.message_bytes());
  session.parallel(keys.size(), [&](std::size_t client) {
    const ProofHalf half = evaluate_seed(layout, point, keys[client]);
    const std::vector<std::uint8_t> part = message_of(half);
    std::memcpy(message.data() + client * part.size(), part.data(), part.size());
    take_products(verdicts, client, half);
  });
  session.channel().send(std::span<const std::uint8_t>(message));
  std::vector<std::uint8_t> bits((keys.size() + 7) / 8);
  session.channel().receive(std::span<std::uint8_t>(bits));
  for (std::size_t client = 0; client < keys.size(); ++client) {
    verdicts.accepted[client] = (bits[client / 8] >> (client % 8)) & 1;
  }
  session.end();
  return verdicts;
}

ProofVerdicts ClientProofs::run(Session& session, const ProofLayout& layout,
                                const MaskedUploads& uploads) {
  session.resume(Phase::kAgreement);
  const ProofPoint point(layout, tossed(session));
  ProofVerdicts verdicts = no_verdicts(layout, uploads.size());
  std::vector<ProofHalf> halves(uploads.size());
  session.parallel(uploads.size(), [&](std::size_t client) {
    uploads.use(client, [&](const MaskedUpload& upload) {
      check(layout, upload);
      halves[client] = evaluate_masked(layout, point, upload);
    });
    take_products(verdicts, client, halves[client]);
  });
  std::vector<std::uint8_t> message(uploads.size() * layout.message_bytes());
  session.channel().receive(std::span<std::uint8_t>(message));
  session.parallel(uploads.size(), [&](std::size_t client) {
    const std::size_t size = layout.message_bytes();
    const auto part = std::span<const std::uint8_t>(message).subspan(client * size, size);
    verdicts.accepted[client] =
        holds(layout, point, halves[client], parse(layout, point.prime(), part));
  });
  std::vector<std::uint8_t> bits((uploads.size() + 7) / 8);
  for (std::size_t client = 0; client < uploads.size(); ++client) {
    bits[client / 8] =
        static_cast<std::uint8_t>(bits[client / 8] | verdicts.accepted[client] << (client % 8));
  }
  session.channel().send(std::span<const std::uint8_t>(bits));
  session.end();
  return verdicts;
}

}  // namespace duet
