// The engine's declared costs, for the compiler's cost model.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <map>
#include <string>
#include <utility>

#include "bindings.h"
#include "duet/flooding.h"
#include "duet/kernel.h"

namespace duet::bindings {
namespace {

namespace py = pybind11;
using py::literals::operator""_a;

py::dict cost(const std::string& kernel, const py::kwargs& sizes) {
  try {
    const KernelCosts costs =
        declared_costs(kernel, py::cast<std::map<std::string, Sizes::Value>>(sizes));
    return py::dict("setup_bytes"_a = costs.setup.bytes, "setup_messages"_a = costs.setup.messages,
                    "setup_rounds"_a = costs.setup.rounds, "online_bytes"_a = costs.online.bytes,
                    "online_messages"_a = costs.online.messages,
                    "online_rounds"_a = costs.online.rounds, "cpu_seconds"_a = costs.cpu_seconds,
                    "flooding"_a = costs.flooding);
  } catch (const SizesError& error) {
    throw py::type_error(std::string("cost(): ") + error.what());
  }
}

}  // namespace

void define_costs(py::module_& module) {
  module.def(
      "cost", &cost, "kernel"_a,
      "What a kernel puts on the wire, frame headers included, in its setup and in its "
      "online phase: bytes and messages sent by party 0 and 1, and rounds; and an estimate of "
      "the processor seconds that it takes of one party; and how far answers by lattice "
      "encryption, under party 0's and party 1's key, are from what tells nothing.");
  module.attr("FLOODING_BUDGET") = kFloodingBudget;
}

}  // namespace duet::bindings
