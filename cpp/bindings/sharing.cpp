#include "duet/sharing.h"

#include <pybind11/pybind11.h>

#include <cstring>
#include <string>

#include "arrays.h"
#include "bindings.h"

namespace duet::bindings {
namespace {

using py::literals::operator""_a;

Block seed_block(const py::bytes& seed) {
  const std::string_view bytes = seed;
  Block block;
  if (bytes.size() != sizeof block) throw py::value_error("a seed has 16 bytes");
  std::memcpy(&block, bytes.data(), sizeof block);
  return block;
}

py::array_t<Ring> share_array(const py::array& values, int frac, const py::bytes& seed) {
  const auto array = contiguous<double>(values);
  const std::span<const double> numbers(array.data(), static_cast<std::size_t>(array.size()));
  return to_array(shape_of(values), share(numbers, frac, seed_block(seed)));
}

py::array_t<Ring> expand_array(const py::bytes& seed, std::size_t count) {
  return to_array({count}, expand(seed_block(seed), count));
}

}  // namespace

void define_sharing(py::module_& module) {
  module.def(
      "share", &share_array, "values"_a, "frac"_a, "seed"_a,
      "Server 1's share of a float64 array with `frac` fractional bits; server 0's share is "
      "expand(seed). Take a fresh seed for every array. RangeError if a value does not fit.");
  module.def("expand", &expand_array, "seed"_a, "count"_a,
             "Server 0's share, as a vector of uint64, from a seed of 16 bytes.");
}

}  // namespace duet::bindings
