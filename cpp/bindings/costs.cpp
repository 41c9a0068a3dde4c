// The engine's declared costs, for the compiler's cost model.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "duet/agreement.h"
#include "duet/conversion.h"
#include "duet/from_boolean.h"
#include "duet/gmw.h"
#include "duet/opening.h"
#include "duet/product.h"
#include "duet/share_product.h"
#include "duet/sketch.h"
#include "duet/truncate.h"

namespace duet::bindings {
namespace {

namespace py = pybind11;
using py::literals::operator""_a;

struct PhaseCosts {
  Cost setup;
  Cost online;
  // Estimated, of one party's processor; where nothing better is known, by the bytes
  // (benchmarks/kernels.py).
  std::optional<double> seconds = {};
  Flooding flooding = {};

  double processor_seconds() const {
    const auto bytes = setup.bytes[0] + setup.bytes[1] + online.bytes[0] + online.bytes[1];
    return seconds.value_or(0.95e-9 * static_cast<double>(bytes));
  }
};

// Of correlated oblivious transfers, and what is made of them.
double seconds_of_transfers(std::uint64_t count) { return 26e-9 * static_cast<double>(count); }

Products products_named(const std::string& name) {
  if (name == "auto") return Products::kCheapest;
  if (name == "transfer") return Products::kTransfer;
  if (name == "lattice") return Products::kLattice;
  throw py::value_error("'" + name + "' is none of auto, transfer, lattice");
}

// The sizes given by name; every one must be asked for.
class Sizes {
 public:
  explicit Sizes(const py::kwargs& given) {
    for (const auto& [key, value] : given) {
      const auto name = py::cast<std::string>(key);
      if (name == "method") {
        method_ = py::cast<std::string>(value);
      } else if (name == "layers") {
        layers_ = py::cast<std::vector<std::uint64_t>>(value);
      } else {
        sizes_[name] = py::cast<std::uint64_t>(value);
      }
    }
  }

  std::uint64_t operator[](const std::string& name) {
    const auto found = sizes_.find(name);
    if (found == sizes_.end()) throw py::type_error("cost(): missing '" + name + "'");
    asked_.insert(name);
    return found->second;
  }

  int ot_k() {
    asked_.insert("ot_k");
    const auto found = sizes_.find("ot_k");
    const std::uint64_t k = found == sizes_.end() ? kDefaultOtK : found->second;
    if (k != 1 && k != 2 && k != 4 && k != 8) throw py::value_error("ot_k is 1, 2, 4 or 8");
    return static_cast<int>(k);
  }

  // What computes products of masks.
  Products products() {
    return products_named(std::exchange(method_, std::nullopt).value_or("auto"));
  }

  // AND gates of every layer of a circuit.
  std::vector<std::uint64_t> layers() {
    if (!layers_) throw py::type_error("cost(): missing 'layers'");
    return *std::exchange(layers_, std::nullopt);
  }

  void check_all_asked() const {
    if (method_) throw py::type_error("cost(): unexpected 'method'");
    if (layers_) throw py::type_error("cost(): unexpected 'layers'");
    for (const auto& [name, value] : sizes_) {
      if (!asked_.contains(name)) throw py::type_error("cost(): unexpected '" + name + "'");
    }
  }

 private:
  std::map<std::string, std::uint64_t> sizes_;
  std::set<std::string> asked_;
  std::optional<std::string> method_;
  std::optional<std::vector<std::uint64_t>> layers_;
};

const std::map<std::string, std::function<PhaseCosts(Sizes&)>>& operations() {
  static const std::map<std::string, std::function<PhaseCosts(Sizes&)>> table{
      {"session",
       [](Sizes& s) -> PhaseCosts {
         return {init_ot_cost(s.ot_k()), {}};
       }},
      {"lattice_keys",
       [](Sizes&) -> PhaseCosts {
         return {init_rlwe_cost(), {}};
       }},
      {"mask",
       [](Sizes& s) -> PhaseCosts {
         return {Mask::setup_cost(), Mask::online_cost(s["elements"])};
       }},
      {"open_arith",
       [](Sizes& s) -> PhaseCosts {
         return {OpenArith::setup_cost(), OpenArith::online_cost(s["elements"])};
       }},
      {"open_top",
       [](Sizes& s) -> PhaseCosts {
         return {{}, Opening::online_cost(s["elements"], s["bits"])};
       }},
      {"agreement",
       [](Sizes&) -> PhaseCosts {
         return {{}, Agreement::online_cost()};
       }},
      {"exchange",
       [](Sizes& s) -> PhaseCosts {
         return {{}, exchange_cost(s["bytes"])};
       }},
      {"confirm_round",
       [](Sizes&) -> PhaseCosts {
         return {{}, confirm_round_cost()};
       }},
      {"coins",
       [](Sizes&) -> PhaseCosts {
         return {Coins::setup_cost(), Coins::online_cost()};
       }},
      {"product",
       [](Sizes& s) -> PhaseCosts {
         const ProductSize size{s["batch"], s["m"], s["k"], s["n"]};
         const int k = s.ot_k();
         const Products products = s.products();
         return {Product::setup_cost(size, k, products), Product::online_cost(),
                 Product::setup_seconds(size, k, products), Product::flooding(size, k, products)};
       }},
      {"square",
       [](Sizes& s) -> PhaseCosts {
         const std::uint64_t batch = s["batch"];
         const std::uint64_t k = s["k"];
         const int ot_k = s.ot_k();
         const Products products = s.products();
         return {Square::setup_cost(batch, k, ot_k, products), Square::online_cost(),
                 Square::setup_seconds(batch, k, ot_k, products),
                 Square::flooding(batch, k, ot_k, products)};
       }},
      {"share_product",
       [](Sizes& s) -> PhaseCosts {
         const ProductSize size{s["batch"], s["m"], s["k"], s["n"]};
         return {ShareProduct::setup_cost(), ShareProduct::online_cost(size),
                 ShareProduct::online_seconds(size), ShareProduct::flooding(size)};
       }},
      {"share_square",
       [](Sizes& s) -> PhaseCosts {
         const std::uint64_t batch = s["batch"];
         const std::uint64_t k = s["k"];
         return {ShareSquare::setup_cost(), ShareSquare::online_cost(batch, k),
                 ShareSquare::online_seconds(batch, k), ShareSquare::flooding(batch, k)};
       }},
      {"truncate",
       [](Sizes& s) -> PhaseCosts {
         const std::uint64_t elements = s["elements"];
         return {Truncate::setup_cost(elements, s["bits"], s.ot_k()),
                 Truncate::online_cost(elements), 30e-9 * static_cast<double>(elements)};
       }},
      {"to_yao",
       [](Sizes& s) -> PhaseCosts {
         return {ToYao::setup_cost(s["elements"], s["width"], s.ot_k()),
                 ToYao::online_cost(s["elements"], s["width"])};
       }},
      {"public_to_yao",
       [](Sizes& s) -> PhaseCosts {
         return {PublicToYao::setup_cost(), PublicToYao::online_cost(s["elements"], s["width"])};
       }},
      {"evaluate",
       [](Sizes& s) -> PhaseCosts {
         return {Evaluate::setup_cost(s["and_gates"], s["elements"]), Evaluate::online_cost()};
       }},
      {"evaluate_boolean",
       [](Sizes& s) -> PhaseCosts {
         const std::vector<std::uint64_t> layers = s.layers();
         const std::uint64_t gates =
             std::accumulate(layers.begin(), layers.end(), std::uint64_t{0});
         const std::uint64_t elements = s["elements"];
         return {EvaluateBoolean::setup_cost(gates, elements, s.ot_k()),
                 EvaluateBoolean::online_cost(layers, elements),
                 seconds_of_transfers(2 * gates * elements)};
       }},
      {"from_boolean",
       [](Sizes& s) -> PhaseCosts {
         const std::uint64_t elements = s["elements"];
         const std::uint64_t width = s["width"];
         return {FromBoolean::setup_cost(elements, width, s.ot_k()),
                 FromBoolean::online_cost(elements, width), seconds_of_transfers(width * elements)};
       }},
      {"from_yao",
       [](Sizes& s) -> PhaseCosts {
         return {FromYao::setup_cost(s["elements"]), FromYao::online_cost()};
       }},
      {"open_yao",
       [](Sizes& s) -> PhaseCosts {
         return {OpenYao::setup_cost(s["elements"], s["width"]),
                 OpenYao::online_cost(s["elements"], s["width"])};
       }},
  };
  return table;
}

py::dict cost(const std::string& op, const py::kwargs& given) {
  const auto found = operations().find(op);
  if (found == operations().end()) throw py::value_error("cost(): no operation '" + op + "'");
  Sizes sizes(given);
  const PhaseCosts costs = found->second(sizes);
  sizes.check_all_asked();
  return py::dict("setup_bytes"_a = costs.setup.bytes, "setup_messages"_a = costs.setup.messages,
                  "setup_rounds"_a = costs.setup.rounds, "online_bytes"_a = costs.online.bytes,
                  "online_messages"_a = costs.online.messages,
                  "online_rounds"_a = costs.online.rounds,
                  "cpu_seconds"_a = costs.processor_seconds(), "flooding"_a = costs.flooding);
}

}  // namespace

void define_costs(py::module_& module) {
  module.def(
      "cost", &cost, "op"_a,
      "What an operation puts on the wire, frame headers included, in its setup and in its "
      "online phase: bytes and messages sent by party 0 and 1, and rounds; and an estimate of "
      "the processor seconds that it takes of one party; and how far answers by lattice "
      "encryption, under party 0's and party 1's key, are from what tells nothing.");
  module.attr("FLOODING_BUDGET") = kFloodingBudget;
}

}  // namespace duet::bindings
