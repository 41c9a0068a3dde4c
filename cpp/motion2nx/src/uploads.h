// What clients have sent to this server, as files of a folder: client-0.share, client-1.share, ...
//
// A file begins with 8 bytes "ezshare1", the round (16 bytes) and the client's number (8 bytes,
// little-endian). To server 0 a client sends its seed, 16 bytes; to server 1 the low words, the
// high bytes and the proof (duet/proof.h). Files come from whoever calls itself a client: whatever
// one holds, it is only that client which is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "duet/block.h"
#include "duet/client_proofs.h"
#include "duet/client_shares.h"
#include "round_file.h"

namespace ezmotion {

class Uploads {
 public:
  // Reads every file of the folder. UsageError if there is none to read.
  Uploads(int party, const Round& round, const std::string& folder);
  Uploads(const Uploads&) = delete;
  Uploads& operator=(const Uploads&) = delete;
  ~Uploads();

  // Of which there is a complete upload for this round.
  std::vector<std::size_t> clients() const;
  // Why others are not taken.
  const std::map<std::size_t, std::string>& refused() const { return refused_; }
  // Files that name no client of the round.
  const std::vector<std::string>& strange() const { return strange_; }

  // Removes the files. Before a proof is checked: values of an upload at several points would tell
  // what is in it, and so would results of several rounds. Error if an upload stays.
  void use_up();

  // Checks what clients prove (duet::ClientProofs); both servers at the same time.
  duet::ProofVerdicts check(duet::Session& session, const std::vector<std::size_t>& clients) const;

  // This server's shares of some clients, in this order; `products` are those of the verdicts for
  // `proved`.
  duet::ClientShares shares(const std::vector<std::size_t>& clients,
                            const std::vector<std::size_t>& proved,
                            const Tensor<Ring>& products) const;

 private:
  void take(const std::string& name);
  std::optional<std::string> wrong(int file, std::size_t client);
  std::size_t payload() const;
  std::vector<duet::Block> keys(const std::vector<std::size_t>& clients) const;
  std::vector<std::uint64_t> offsets(const std::vector<std::size_t>& clients,
                                     std::size_t entry) const;

  int party_;
  const Round& round_;
  std::string folder_;
  int store_;                                // a file without a name
  std::uint64_t end_ = 0;                    // of what is in it
  std::map<std::size_t, std::uint64_t> at_;  // by client where its upload begins
  std::map<std::size_t, std::string> refused_;
  std::vector<std::string> strange_;
  std::vector<std::string> files_;
};

}  // namespace ezmotion
