// The machine constants of the cost model: what the steps of the engine's kernels take of one core
// of a server of 2024 with AES and AVX-512 IFMA instructions, in seconds. One column of a benchmark
// for each; to calibrate for another machine, run the benchmark and replace them.
//
// The steps of lattice encryption also decide how matrices are laid out in polynomials
// (src/matrix_layout.h), and so what goes over the wire: who changes one of them raises
// kProtocolVersion (docs/wire-traces.md).
#pragma once

#include "duet/transform.h"

namespace duet::calibration {

// benchmarks/kernels.py, "CPU ns per byte" and "CPU s".

// Of a byte sent in either direction, where nothing better is known (conversions, garbling).
inline constexpr double kByte = 0.95e-9;
// Of a byte of a product by oblivious transfer, in either direction (product, square).
inline constexpr double kTransferProductByte = 1.9e-9;
// Of a correlated oblivious transfer, and what is made of it: half an AND triple, a bit that is
// converted (boolean).
inline constexpr double kTransfer = 26e-9;
// Of an element that is truncated (truncation).
inline constexpr double kTruncation = 30e-9;
// Of an element that noise is added to (noise).
inline constexpr double kNoise = 600e-9;

// Of an entry of a client's upload whose proof is checked (client_proofs).
inline constexpr double kProofEntry = 7e-9;

// benchmarks/lattice.cpp: steps of a product by lattice encryption, each of one polynomial.

inline constexpr double kEncrypt = 500e-6;  // encrypt
inline constexpr double kParse = 85e-6;     // parse
inline constexpr double kAdd = 120e-6;      // add a product
inline constexpr double kMask = 660e-6;     // mask an answer
inline constexpr double kMerge = 590e-6;    // merge two answers
inline constexpr double kSwitch = 40e-6;    // switch an answer
inline constexpr double kDecrypt = 240e-6;  // decrypt an answer

// How many transforms are in these steps, where there are any. On all processors but for them the
// steps are the same.
inline constexpr unsigned kEncryptTransforms = 4;
inline constexpr unsigned kAddTransforms = 4;
inline constexpr unsigned kMaskTransforms = 12;
inline constexpr unsigned kMergeTransforms = 12;
inline constexpr unsigned kDecryptTransforms = 6;

// What a transform takes longer than one with IFMA, with which the steps were measured: the line
// "transform" with DUET_TRANSFORM, in proportion to the steps. NEON is not measured: it has half
// the lanes of AVX2.
constexpr double transform_beyond_ifma(Transform transform) {
  constexpr double kIfma = 10e-6;
  switch (transform) {
    case Transform::kIfma:
      return 0;
    case Transform::kAvx2:
      return 1.3 * kIfma - kIfma;
    case Transform::kNeon:
      return 2 * 1.3 * kIfma - kIfma;
    case Transform::kPortable:
      break;
  }
  return 6.1 * kIfma - kIfma;
}

}  // namespace duet::calibration
