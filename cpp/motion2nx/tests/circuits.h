// Small circuits, written as Bristol Fashion into a folder that goes with this object.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "ezmotion/circuit.h"

namespace ezmotion {

class Circuits {
 public:
  Circuits() {
    std::string name = (std::filesystem::temp_directory_path() / "ezmotion-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
  }
  Circuits(const Circuits&) = delete;
  Circuits& operator=(const Circuits&) = delete;
  ~Circuits() { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

 private:
  std::filesystem::path folder_;
};

// Collects gates; every gate makes the next wire.
class Draft {
 public:
  explicit Draft(std::vector<std::size_t> inputs) : inputs_(std::move(inputs)) {
    for (const std::size_t width : inputs_) wires_ += width;
  }

  std::size_t exclusive_or(std::size_t a, std::size_t b) { return add("XOR", {a, b}); }
  std::size_t both(std::size_t a, std::size_t b) { return add("AND", {a, b}); }
  std::size_t inverse(std::size_t a) { return add("INV", {a}); }

  std::string text(const std::vector<std::size_t>& outputs) const {
    std::ostringstream all;
    all << gates_ << " " << wires_ << "\n" << inputs_.size();
    for (const std::size_t width : inputs_) all << " " << width;
    all << "\n" << outputs.size();
    for (const std::size_t width : outputs) all << " " << width;
    all << "\n\n" << lines_.str();
    return all.str();
  }

 private:
  std::size_t add(const char* type, const std::vector<std::size_t>& wires) {
    lines_ << wires.size() << " 1";
    for (const std::size_t wire : wires) lines_ << " " << wire;
    lines_ << " " << wires_ << " " << type << "\n";
    ++gates_;
    return wires_++;
  }

  std::vector<std::size_t> inputs_;
  std::size_t wires_ = 0;
  std::size_t gates_ = 0;
  std::ostringstream lines_;
};

// max(x, 0), and whether x was negative.
inline std::string relu_text(std::size_t width) {
  Draft draft({width});
  const std::size_t positive = draft.inverse(width - 1);
  for (std::size_t i = 0; i < width; ++i) draft.both(i, positive);
  draft.inverse(positive);
  return draft.text({width, 1});
}

// x + y modulo 2^width.
inline std::string adder_text(std::size_t width) {
  Draft draft({width, width});
  std::vector<std::size_t> halves;
  for (std::size_t i = 0; i < width; ++i) halves.push_back(draft.exclusive_or(i, width + i));
  std::vector<std::size_t> carries = {draft.both(0, width)};
  for (std::size_t i = 1; i + 1 < width; ++i) {
    const std::size_t x = draft.exclusive_or(i, carries.back());
    const std::size_t y = draft.exclusive_or(width + i, carries.back());
    carries.push_back(draft.exclusive_or(draft.both(x, y), carries.back()));
  }
  const std::size_t zero = draft.exclusive_or(0, 0);
  draft.exclusive_or(halves[0], zero);
  for (std::size_t i = 1; i < width; ++i) draft.exclusive_or(halves[i], carries[i - 1]);
  return draft.text({width});
}

// x if s, else 0, for a word x and a bit s.
inline std::string gate_text(std::size_t width) {
  Draft draft({width, 1});
  for (std::size_t i = 0; i < width; ++i) draft.both(i, width);
  return draft.text({width});
}

// -x - 1 and no AND gate.
inline std::string complement_text(std::size_t width) {
  Draft draft({width});
  for (std::size_t i = 0; i < width; ++i) draft.inverse(i);
  return draft.text({width});
}

}  // namespace ezmotion
