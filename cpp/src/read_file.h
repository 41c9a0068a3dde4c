// Reading from a file that several threads read at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace duet {

// Fills `out`; Error if the file ends before.
void read_file(int file, std::uint64_t offset, std::span<std::byte> out);

}  // namespace duet
