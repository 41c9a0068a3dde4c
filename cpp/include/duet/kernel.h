// What a kernel declares about itself, for the compiler's cost model. Next to its protocol it has
//     static constexpr std::string_view kName      as the compiler calls it
//     static KernelCosts costs(Sizes& sizes)       for the sizes that it asks for
// and src/kernel_list.cpp lists it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "duet/cost.h"
#include "duet/flooding.h"
#include "duet/product_method.h"

namespace duet {

// A size is missing, not asked for, or of the wrong type.
class SizesError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// What a kernel is used with, by name. A kernel asks for what it needs; afterwards
// check_all_asked() finds what was given in vain.
class Sizes {
 public:
  using Value = std::variant<std::uint64_t, std::string, std::vector<std::uint64_t>>;

  explicit Sizes(std::map<std::string, Value> given) : given_(std::move(given)) {}

  std::uint64_t operator[](const std::string& name);
  // 1, 2, 4 or 8, or std::invalid_argument; kDefaultOtK if not given.
  int ot_k();
  // Products::kCheapest if not given.
  Products method();
  // Bits that every layer of a circuit opens.
  std::vector<std::uint64_t> openings();

  void check_all_asked() const;

 private:
  template <class T>
  std::optional<T> find(const std::string& name);
  template <class T>
  T require(const std::string& name);

  std::map<std::string, Value> given_;
  std::set<std::string> asked_;
};

// The estimate where nothing better is known.
double seconds_of_bytes(const Cost& setup, const Cost& online);

struct KernelCosts {
  Cost setup;
  Cost online;
  // Processor time of one party, estimated (src/calibration.h).
  double cpu_seconds = seconds_of_bytes(setup, online);
  Flooding flooding{};
};

// The costs of the kernel with this name; std::invalid_argument if there is none, SizesError unless
// it asks for exactly the sizes that are given.
KernelCosts declared_costs(const std::string& kernel, std::map<std::string, Sizes::Value> sizes);

}  // namespace duet
