#include "duet/kernel.h"

#include "calibration.h"
#include "duet/ot_extension.h"

namespace duet {

template <class T>
std::optional<T> Sizes::find(const std::string& name) {
  const auto found = given_.find(name);
  if (found == given_.end()) return {};
  asked_.insert(name);
  const T* const value = std::get_if<T>(&found->second);
  if (value == nullptr) throw SizesError("'" + name + "' is of the wrong type");
  return *value;
}

template <class T>
T Sizes::require(const std::string& name) {
  std::optional<T> value = find<T>(name);
  if (!value) throw SizesError("missing '" + name + "'");
  return *std::move(value);
}

std::uint64_t Sizes::operator[](const std::string& name) { return require<std::uint64_t>(name); }

int Sizes::ot_k() {
  const std::uint64_t k = find<std::uint64_t>("ot_k").value_or(kDefaultOtK);
  if (k != 1 && k != 2 && k != 4 && k != 8) throw std::invalid_argument("ot_k is 1, 2, 4 or 8");
  return static_cast<int>(k);
}

Products Sizes::method() { return products_named(find<std::string>("method").value_or("auto")); }

std::vector<std::uint64_t> Sizes::openings() {
  return require<std::vector<std::uint64_t>>("openings");
}

void Sizes::check_all_asked() const {
  for (const auto& [name, value] : given_) {
    if (!asked_.contains(name)) throw SizesError("unexpected '" + name + "'");
  }
}

double seconds_of_bytes(const Cost& setup, const Cost& online) {
  const auto bytes = setup.bytes[0] + setup.bytes[1] + online.bytes[0] + online.bytes[1];
  return calibration::kByte * static_cast<double>(bytes);
}

}  // namespace duet
