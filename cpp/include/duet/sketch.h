// Sketched vectors: a public random map to a few sums that keeps squared norms, up to a small
// error. The map is linear, so each party applies it to its own share.
//
// Entry j of a vector is added, with a random sign, to one sum of each of four blocks; a quarter of
// the sum of all squares has the vector's squared norm as its mean, and a variance of at most 2/K
// of its square for K sums: the second-moment estimator of Alon, Matias and Szegedy (STOC 1996)
// with the buckets of Charikar, Chen and Farach-Colton (ICALP 2002), of which several blocks are
// taken as in Kane and Nelson, "Sparser Johnson-Lindenstrauss Transforms" (JACM 2014): with one
// block, two large entries cancel with probability 1/2K; in all four they do not.
#pragma once

#include <cstddef>

#include "duet/ring.h"
#include "duet/tensor.h"

namespace duet {

inline constexpr std::size_t kSketchBlocks = 4;

// [..., d] -> [..., sums], with `sums` a multiple of kSketchBlocks and d below 2^32. All is said by
// SHAKE128(coins as 16 bytes), in little-endian 32-bit words. The first 4·d are the map: of the
// words 4·j to 4·j + 3, one for each block, the lowest bit is the sign, and the others, as a
// fraction of 2^31, choose the sum for position j. The word that follows for each row, as a
// fraction of 2^32, turns the row: its entry j has position (j + offset) mod d. So estimates of
// rows that are alike do not err alike, and the error of a mean over rows shrinks with their
// number.
Tensor<Ring> sketch(const Tensor<Ring>& x, const Tensor<Ring>& coins, std::size_t sums);

}  // namespace duet
