// Of a matrix product, a·b = (bᵀ·aᵀ)ᵀ, so either operand can be the one that is encrypted, or whose
// bits choose in oblivious transfers: the one with fewer rows is cheaper.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "duet/product_size.h"
#include "duet/ring.h"
#include "duet/tensor.h"

namespace duet {

inline bool is_cheaper_swapped(const ProductSize& size) { return size.n < size.m; }

inline ProductSize oriented(const ProductSize& size) {
  return is_cheaper_swapped(size) ? ProductSize{size.batch, size.n, size.k, size.m} : size;
}

inline Tensor<Ring> swap_last_axes(const Tensor<Ring>& value) {
  std::vector<std::size_t> axes(value.shape.size());
  for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = i;
  std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  return transpose(value, axes);
}

}  // namespace duet
