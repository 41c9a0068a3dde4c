// Transposing bit matrices.
#pragma once

#include <array>

#include "duet/block.h"

namespace duet {

// Bit c of rows[r] becomes bit r of rows[c].
void transpose(std::array<Block, 128>& rows);

}  // namespace duet
