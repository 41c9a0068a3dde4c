// NumPy arrays to tensors and back. Arrays are never converted silently: a float array taken for
// ring elements would be truncated.
#pragma once

#include <pybind11/numpy.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "duet/ring.h"
#include "duet/tensor.h"

namespace duet::bindings {

namespace py = pybind11;

// `value` in row-major order; TypeError if its elements are not of type T.
template <class T>
py::array_t<T, py::array::c_style> contiguous(const py::array& value) {
  if (!py::isinstance<py::array_t<T>>(value)) {
    throw py::type_error("expected an array of " + std::string(py::str(py::dtype::of<T>())) +
                         ", got " + std::string(py::str(value.dtype())));
  }
  return py::array_t<T, py::array::c_style>::ensure(value);
}

inline Shape shape_of(const py::array& value) {
  return {value.shape(), value.shape() + value.ndim()};
}

inline Tensor<Ring> to_tensor(const py::array& value) {
  const auto array = contiguous<Ring>(value);
  return {shape_of(value), SecretVector<Ring>(array.data(), array.data() + array.size())};
}

inline std::vector<Tensor<Ring>> to_tensors(const std::vector<py::array>& values) {
  std::vector<Tensor<Ring>> tensors;
  for (const py::array& value : values) tensors.push_back(to_tensor(value));
  return tensors;
}

inline py::array_t<Ring> to_array(const Shape& shape, const SecretVector<Ring>& data) {
  py::array_t<Ring> array(std::vector<py::ssize_t>(shape.begin(), shape.end()));
  std::copy(data.begin(), data.end(), array.mutable_data());
  return array;
}

}  // namespace duet::bindings
