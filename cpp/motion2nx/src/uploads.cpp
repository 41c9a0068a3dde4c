#include "uploads.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "duet/errors.h"
#include "duet/secret.h"
#include "server_options.h"

namespace ezmotion {
namespace {

constexpr std::string_view kMagic = "ezshare1";
constexpr std::size_t kHeaderBytes = 32;
constexpr std::uint64_t kAlignment = 8;
constexpr std::size_t kPiece = std::size_t{1} << 20;

// The number in "client-<number>.share".
std::optional<std::size_t> client_in(std::string_view name) {
  constexpr std::string_view kBegin = "client-";
  constexpr std::string_view kEnd = ".share";
  if (!name.starts_with(kBegin) || !name.ends_with(kEnd)) return {};
  if (name.size() <= kBegin.size() + kEnd.size()) return {};
  const std::string_view digits =
      name.substr(kBegin.size(), name.size() - kBegin.size() - kEnd.size());
  std::size_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  const bool canonical = digits.size() == 1 || digits[0] != '0';  // one name for each client
  if (error != std::errc{} || stop != end || !canonical) return {};
  return number;
}

bool read_exactly(int file, std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::read(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool write_at(int file, std::span<const std::uint8_t> bytes, std::uint64_t place) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(place));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    place += static_cast<std::uint64_t>(count);
  }
  return true;
}

struct Closed {
  int file;
  ~Closed() { ::close(file); }
};

std::vector<std::string> names_in(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), &::closedir);
  if (!open) throw UsageError("--shares " + folder + ": " + std::strerror(errno));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

int file_without_name(const std::string& folder) {
  std::string path = folder + "/uploads-XXXXXX";
  const int file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) throw UsageError("--shares " + folder + ": " + std::strerror(errno));
  ::unlink(path.c_str());
  return file;
}

}  // namespace

Uploads::Uploads(int party, const Round& round, const std::string& folder)
    : party_(party), round_(round), folder_(folder) {
  const std::vector<std::string> names = names_in(folder);
  store_ = file_without_name(folder);
  for (const std::string& name : names) take(name);
  for (std::size_t client = 0; client < round.clients; ++client) {
    if (!at_.contains(client)) refused_.try_emplace(client, "it has not uploaded anything");
  }
  if (at_.empty()) {
    const std::string why = files_.empty() ? "" : ": " + refused_.begin()->second;
    throw UsageError("--shares " + folder + ": there is no upload for the round " +
                     round.id_text() + why);
  }
}

Uploads::~Uploads() { ::close(store_); }

void Uploads::take(const std::string& name) {
  const std::optional<std::size_t> client = client_in(name);
  if (!client || *client >= round_.clients) {
    strange_.push_back("the file " + name + " names no client of the round");
    return;
  }
  files_.push_back(name);
  // No link, and nothing that could be waited for.
  const int file = ::openat(AT_FDCWD, (folder_ + "/" + name).c_str(),
                            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    refused_[*client] = "its upload cannot be read: " + std::string(std::strerror(errno));
    return;
  }
  const Closed closed{file};
  if (const auto why = wrong(file, *client)) refused_[*client] = *why;
}

// Why an upload cannot be taken; none if it is in the store now.
std::optional<std::string> Uploads::wrong(int file, std::size_t client) {
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return "its upload is no file";
  const std::size_t size = payload();
  const auto expected = static_cast<off_t>(kHeaderBytes + size);
  if (status.st_size != expected) {
    return "its upload has " + std::to_string(status.st_size) + " bytes instead of " +
           std::to_string(expected);
  }
  std::array<std::uint8_t, kHeaderBytes> header{};
  if (!read_exactly(file, header)) return "its upload cannot be read";
  if (!std::equal(kMagic.begin(), kMagic.end(), header.begin())) return "it has uploaded no shares";
  const std::span<const std::uint8_t> round(header.data() + 8, 16);
  if (!std::equal(round.begin(), round.end(), round_.id.begin())) {
    return "its upload is for the round " + hexadecimal(round) + ", not for this one";
  }
  std::uint64_t named = 0;
  std::memcpy(&named, header.data() + 24, sizeof named);
  if (named != client) return "its upload names the client " + std::to_string(named);
  duet::SecretVector<std::uint8_t> piece(std::min(size, kPiece));
  for (std::size_t done = 0; done < size; done += piece.size()) {
    piece.resize(std::min(piece.size(), size - done));
    if (!read_exactly(file, piece)) return "its upload cannot be read";
    if (!write_at(store_, piece, end_ + done)) {
      return "there is no room for what it has uploaded (" + std::string(std::strerror(errno)) +
             ")";
    }
  }
  at_[client] = end_;
  end_ = (end_ + size + kAlignment - 1) / kAlignment * kAlignment;
  return {};
}

std::size_t Uploads::payload() const {
  const duet::ProofLayout& layout = *round_.layout;
  if (party_ == 0) return sizeof(duet::Block);
  return sizeof(Ring) * layout.entries() + layout.high_bytes() + layout.proof_bytes();
}

std::vector<std::size_t> Uploads::clients() const {
  std::vector<std::size_t> all;
  for (const auto& [client, place] : at_) all.push_back(client);
  return all;
}

void Uploads::use_up() {
  for (const std::string& name : files_) {
    const std::string path = folder_ + "/" + name;
    const bool taken = at_.contains(client_in(name).value());
    // What is no upload, such as a folder, may stay.
    if (::unlink(path.c_str()) != 0 && errno != ENOENT && taken) {
      throw duet::Error(path + " cannot be removed (" + std::strerror(errno) +
                        "): shares serve one round only");
    }
  }
}

std::vector<duet::Block> Uploads::keys(const std::vector<std::size_t>& clients) const {
  std::vector<duet::Block> keys;
  for (const std::size_t client : clients) {
    duet::Block seed;
    const ssize_t count = ::pread(store_, &seed, sizeof seed, static_cast<off_t>(at_.at(client)));
    if (count != static_cast<ssize_t>(sizeof seed)) throw duet::Error("a seed cannot be read");
    keys.push_back(duet::upload_key(seed, round_.context(client)));
  }
  return keys;
}

std::vector<std::uint64_t> Uploads::offsets(const std::vector<std::size_t>& clients,
                                            std::size_t entry) const {
  std::vector<std::uint64_t> offsets;
  for (const std::size_t client : clients) offsets.push_back(at_.at(client) + sizeof(Ring) * entry);
  return offsets;
}

duet::ProofVerdicts Uploads::check(duet::Session& session,
                                   const std::vector<std::size_t>& clients) const {
  const duet::ProofLayout& layout = *round_.layout;
  if (layout.all_statements() == 0 && layout.products().empty()) {
    return {std::vector<std::uint8_t>(clients.size(), 1), Tensor<Ring>(Shape{clients.size(), 0})};
  }
  if (party_ == 0) return duet::ClientProofs::run(session, layout, keys(clients));
  return duet::ClientProofs::run(session, layout,
                                 duet::FileUploads(layout, store_, offsets(clients, 0)));
}

duet::ClientShares Uploads::shares(const std::vector<std::size_t>& clients,
                                   const std::vector<std::size_t>& proved,
                                   const Tensor<Ring>& products) const {
  duet::ClientShares shares;
  for (const SharedInput& input : round_.inputs) {
    Shape shape = input.shape;
    shape.insert(shape.begin(), clients.size());
    if (party_ == 0) {
      shares.add(duet::seeded_shares(*round_.layout, keys(clients), input.vector, shape));
    } else {
      shares.add(duet::SharedRows(shape, duet::file_rows(store_, offsets(clients, input.entry))));
    }
  }
  const std::size_t columns = round_.layout->products().size();
  for (const std::vector<std::size_t>& product : round_.products) {
    Tensor<Ring> sums(Shape{clients.size()});
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const auto row = static_cast<std::size_t>(
          std::find(proved.begin(), proved.end(), clients[i]) - proved.begin());
      for (const std::size_t column : product)
        sums.data[i] += products.data[row * columns + column];
    }
    shares.add(duet::SharedRows(std::move(sums)));
  }
  return shares;
}

}  // namespace ezmotion
