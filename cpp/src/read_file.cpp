#include "read_file.h"

#include <unistd.h>

#include "duet/errors.h"

namespace duet {

void read_file(int file, std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t count = ::pread(file, out.data(), out.size(), static_cast<off_t>(offset));
    if (count <= 0) throw Error("what clients have uploaded cannot be read from its file");
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

}  // namespace duet
