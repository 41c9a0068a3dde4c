// The sizes of matrix products.
#pragma once

#include <cstdint>

namespace duet {

// `batch` products of an m x k with a k x n matrix each.
struct ProductSize {
  std::uint64_t batch;
  std::uint64_t m;
  std::uint64_t k;
  std::uint64_t n;
};

}  // namespace duet
