#include "duet/tensor.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace duet {
namespace {

[[noreturn]] void fail(const std::string& message) { throw std::invalid_argument(message); }

// The distance of neighbours along each axis.
std::vector<std::ptrdiff_t> row_major_steps(const Shape& shape) {
  std::vector<std::ptrdiff_t> steps(shape.size());
  std::size_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0; step *= shape[i]) {
    steps[i] = static_cast<std::ptrdiff_t>(step);
  }
  return steps;
}

// start + Σ step_i·x_i for all x < shape in row-major order.
std::vector<std::size_t> strided(const Shape& shape, std::ptrdiff_t start,
                                 const std::vector<std::ptrdiff_t>& steps) {
  std::vector<std::size_t> indices(element_count(shape));
  std::vector<std::size_t> at(shape.size());
  std::ptrdiff_t index = start;
  for (std::size_t& out : indices) {
    out = static_cast<std::size_t>(index);
    for (std::size_t i = shape.size(); i-- > 0;) {
      index += steps[i];
      if (++at[i] < shape[i]) break;
      index -= steps[i] * static_cast<std::ptrdiff_t>(shape[i]);
      at[i] = 0;
    }
  }
  return indices;
}

}  // namespace

std::size_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

void check_reshape(const Shape& from, const Shape& to) {
  if (element_count(from) != element_count(to)) {
    fail("the shape " + shape_text(from) + " cannot become " + shape_text(to));
  }
}

Shape common_shape(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()));
  for (std::size_t i = 1; i <= shape.size(); ++i) {
    const std::size_t x = i <= a.size() ? a[a.size() - i] : 1;
    const std::size_t y = i <= b.size() ? b[b.size() - i] : 1;
    if (x != y && x != 1 && y != 1) {
      fail("the shapes " + shape_text(a) + " and " + shape_text(b) + " do not broadcast");
    }
    shape[shape.size() - i] = x == 1 ? y : x;
  }
  return shape;
}

Movement transposition(const Shape& shape, const std::vector<std::size_t>& permutation) {
  std::vector<std::size_t> sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::size_t> axes(shape.size());
  std::iota(axes.begin(), axes.end(), std::size_t{0});
  if (sorted != axes) fail("no permutation of the axes of " + shape_text(shape));

  const std::vector<std::ptrdiff_t> steps = row_major_steps(shape);
  Shape to;
  std::vector<std::ptrdiff_t> to_steps;
  for (const std::size_t axis : permutation) {
    to.push_back(shape[axis]);
    to_steps.push_back(steps[axis]);
  }
  std::vector<std::size_t> indices = strided(to, 0, to_steps);
  return {std::move(to), std::move(indices)};
}

Movement broadcast(const Shape& from, const Shape& to) {
  if (common_shape(from, to) != to) {
    fail("the shape " + shape_text(from) + " does not broadcast to " + shape_text(to));
  }
  const std::vector<std::ptrdiff_t> steps = row_major_steps(from);
  const std::size_t added = to.size() - from.size();
  std::vector<std::ptrdiff_t> to_steps(to.size(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 1) to_steps[added + i] = steps[i];
  }
  return {to, strided(to, 0, to_steps)};
}

Movement slicing(const Shape& shape, const std::vector<std::size_t>& starts, const Shape& sizes,
                 const std::vector<std::ptrdiff_t>& strides) {
  if (starts.size() != shape.size() || sizes.size() != shape.size() ||
      strides.size() != shape.size()) {
    fail("a slice needs a start, a size and a stride per axis");
  }
  std::vector<std::ptrdiff_t> steps = row_major_steps(shape);
  std::ptrdiff_t start = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto dimension = static_cast<std::ptrdiff_t>(shape[i]);
    const auto first = static_cast<std::ptrdiff_t>(starts[i]);
    const std::ptrdiff_t last = first + strides[i] * (static_cast<std::ptrdiff_t>(sizes[i]) - 1);
    if (sizes[i] > 0 && (first >= dimension || last < 0 || last >= dimension)) {
      fail("a slice leaves the shape " + shape_text(shape));
    }
    start += first * steps[i];
    steps[i] *= strides[i];
  }
  return {sizes, strided(sizes, start, steps)};
}

Shape taken_shape(const Shape& shape, std::size_t axis, const std::vector<std::size_t>& positions) {
  if (axis >= shape.size()) fail("no such axis of " + shape_text(shape));
  for (const std::size_t position : positions) {
    if (position >= shape[axis]) fail("a position leaves the shape " + shape_text(shape));
  }
  Shape to = shape;
  to[axis] = positions.size();
  return to;
}

Movement taking(const Shape& shape, std::size_t axis, const std::vector<std::size_t>& positions) {
  Shape to = taken_shape(shape, axis, positions);
  const auto behind = shape.begin() + static_cast<std::ptrdiff_t>(axis);
  const std::size_t outer = element_count(Shape(shape.begin(), behind));
  const std::size_t inner = element_count(Shape(behind + 1, shape.end()));
  std::vector<std::size_t> indices;
  indices.reserve(element_count(to));
  for (std::size_t i = 0; i < outer; ++i) {
    for (const std::size_t position : positions) {
      const std::size_t first = (i * shape[axis] + position) * inner;
      for (std::size_t j = 0; j < inner; ++j) indices.push_back(first + j);
    }
  }
  return {std::move(to), std::move(indices)};
}

Shape joined_shape(const std::vector<Shape>& parts, std::size_t axis) {
  if (parts.empty() || axis >= parts[0].size()) fail("nothing to join along this axis");
  Shape to = parts[0];
  to[axis] = 0;
  for (const Shape& part : parts) {
    if (part.size() != to.size()) fail("tensors to join differ in rank");
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (i != axis && part[i] != to[i]) {
        fail("the shapes " + shape_text(parts[0]) + " and " + shape_text(part) + " do not join");
      }
    }
    to[axis] += part[axis];
  }
  return to;
}

Movement joining(const std::vector<Shape>& parts, std::size_t axis) {
  Shape to = joined_shape(parts, axis);
  // The parts lie one behind the other; of each, a run goes to every position of the outer axes.
  const auto split = [&](const Shape& shape, bool outer) {
    const auto middle = shape.begin() + static_cast<std::ptrdiff_t>(axis);
    return element_count(outer ? Shape(shape.begin(), middle) : Shape(middle, shape.end()));
  };
  std::vector<std::size_t> indices;
  indices.reserve(element_count(to));
  for (std::size_t outer = 0; outer < split(to, true); ++outer) {
    std::size_t begin = 0;
    for (const Shape& part : parts) {
      const std::size_t run = split(part, false);
      for (std::size_t i = 0; i < run; ++i) indices.push_back(begin + outer * run + i);
      begin += element_count(part);
    }
  }
  return {std::move(to), std::move(indices)};
}

}  // namespace duet
