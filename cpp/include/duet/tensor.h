// Row-major tensors, and the operations that only move their elements. These are templates: they
// serve every type that says how to pick and to join elements (the four functions below), which are
// tensors, masked values (masked.h) and garbled values (garbled_tensor.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "duet/secret.h"

namespace duet {

using Shape = std::vector<std::size_t>;

std::size_t element_count(const Shape& shape);
std::string shape_text(const Shape& shape);

// A scalar has an empty shape. Most tensors hold shares or masks, so all are wiped when destroyed.
template <class T>
struct Tensor {
  Tensor() : data(1) {}
  explicit Tensor(Shape dimensions) : shape(std::move(dimensions)), data(element_count(shape)) {}
  Tensor(Shape dimensions, SecretVector<T> elements)
      : shape(std::move(dimensions)), data(std::move(elements)) {
    if (data.size() != element_count(shape)) {
      throw std::invalid_argument(std::to_string(data.size()) + " elements for the shape " +
                                  shape_text(shape));
    }
  }

  std::size_t size() const { return data.size(); }

  Shape shape;
  SecretVector<T> data;
};

template <class T>
const Shape& shape_of(const Tensor<T>& value) {
  return value.shape;
}

// The same elements in another shape of the same size.
template <class T>
Tensor<T> with_shape(Tensor<T> value, Shape shape) {
  return {std::move(shape), std::move(value.data)};
}

// Element i of the result is element indices[i] of `value`.
template <class T>
Tensor<T> pick(const Tensor<T>& value, Shape shape, std::span<const std::size_t> indices) {
  Tensor<T> picked(std::move(shape));
  for (std::size_t i = 0; i < indices.size(); ++i) picked.data[i] = value.data[indices[i]];
  return picked;
}

// The elements of both, along one axis.
template <class T>
Tensor<T> append(Tensor<T> value, const Tensor<T>& more) {
  value.data.insert(value.data.end(), more.data.begin(), more.data.end());
  value.shape = {value.data.size()};
  return value;
}

// Where each element of a result comes from.
struct Movement {
  Shape shape;
  std::vector<std::size_t> indices;
};

Movement transposition(const Shape& shape, const std::vector<std::size_t>& permutation);
Movement broadcast(const Shape& from, const Shape& to);
Movement slicing(const Shape& shape, const std::vector<std::size_t>& starts, const Shape& sizes,
                 const std::vector<std::ptrdiff_t>& strides);
// The shape of `shape` with `positions`, which must be those of the axis, in place of that axis.
Shape taken_shape(const Shape& shape, std::size_t axis, const std::vector<std::size_t>& positions);
Movement taking(const Shape& shape, std::size_t axis, const std::vector<std::size_t>& positions);
Shape joined_shape(const std::vector<Shape>& parts, std::size_t axis);
Movement joining(const std::vector<Shape>& parts, std::size_t axis);
void check_reshape(const Shape& from, const Shape& to);

// The shape to which numpy broadcasts both.
Shape common_shape(const Shape& a, const Shape& b);

template <class Value>
Value reshape(Value value, Shape shape) {
  check_reshape(shape_of(value), shape);
  return with_shape(std::move(value), std::move(shape));
}

// Axis i of the result is axis permutation[i] of `value`.
template <class Value>
Value transpose(const Value& value, const std::vector<std::size_t>& permutation) {
  Movement to = transposition(shape_of(value), permutation);
  return pick(value, std::move(to.shape), to.indices);
}

template <class Value>
Value broadcast_to(const Value& value, const Shape& shape) {
  Movement to = broadcast(shape_of(value), shape);
  return pick(value, std::move(to.shape), to.indices);
}

// Along axis i: sizes[i] elements from starts[i] on, strides[i] apart (strides may be negative).
template <class Value>
Value slice(const Value& value, const std::vector<std::size_t>& starts, const Shape& sizes,
            const std::vector<std::ptrdiff_t>& strides) {
  Movement to = slicing(shape_of(value), starts, sizes, strides);
  return pick(value, std::move(to.shape), to.indices);
}

// Along one axis the elements at these positions, in this order.
template <class Value>
Value take(const Value& value, std::size_t axis, const std::vector<std::size_t>& positions) {
  Movement to = taking(shape_of(value), axis, positions);
  return pick(value, std::move(to.shape), to.indices);
}

template <class Value>
Value joined(const std::vector<const Value*>& parts, std::size_t axis) {
  std::vector<Shape> shapes;
  for (const Value* part : parts) shapes.push_back(shape_of(*part));
  Movement to = joining(shapes, axis);
  Value all = *parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i) all = append(std::move(all), *parts[i]);
  return pick(all, std::move(to.shape), to.indices);
}

// Large tensors of shares are joined run by run, without a list of all elements.
template <class T>
Tensor<T> joined(const std::vector<const Tensor<T>*>& parts, std::size_t axis) {
  std::vector<Shape> shapes;
  for (const Tensor<T>* part : parts) shapes.push_back(part->shape);
  Tensor<T> all(joined_shape(shapes, axis));
  const auto middle = all.shape.begin() + static_cast<std::ptrdiff_t>(axis);
  const std::size_t outer = element_count(Shape(all.shape.begin(), middle));
  auto next = all.data.begin();
  for (std::size_t i = 0; i < outer; ++i) {
    for (const Tensor<T>* part : parts) {
      const auto run = static_cast<std::ptrdiff_t>(part->size() / outer);
      next = std::copy_n(part->data.begin() + static_cast<std::ptrdiff_t>(i) * run, run, next);
    }
  }
  return all;
}

template <class Value>
Value concat(const std::vector<Value>& parts, std::size_t axis) {
  std::vector<const Value*> all;
  for (const Value& part : parts) all.push_back(&part);
  return joined(all, axis);
}

// Values that are in no list, for which they would have to be copied.
template <class Value, class... Values>
Value concat(std::size_t axis, const Value& first, const Values&... others) {
  return joined(std::vector<const Value*>{&first, &others...}, axis);
}

}  // namespace duet
