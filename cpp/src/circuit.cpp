#include "duet/circuit.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>

#include "duet/errors.h"

namespace duet {
namespace {

// Short texts can declare many wires; a limit, so that they take no more than 100 MB.
constexpr std::size_t kMostWires = std::size_t{1} << 24;

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Circuit parse() {
    next_line("the numbers of gates and wires");
    const std::size_t gates = number();
    circuit_.wires = number();
    end_of_line();
    if (circuit_.wires > kMostWires) fail("too many wires");
    next_line("the inputs");
    circuit_.input_widths = widths();
    next_line("the outputs");
    circuit_.output_widths = widths();

    const std::size_t inputs = total(circuit_.input_widths);
    const std::size_t outputs = total(circuit_.output_widths);
    if (inputs > circuit_.wires || outputs > circuit_.wires)
      fail("fewer wires than in- or outputs");
    defined_.assign(circuit_.wires, false);
    std::fill_n(defined_.begin(), inputs, true);
    for (std::size_t i = 0; i < gates; ++i) {
      next_line("a gate");
      gate();
    }
    if (skip_empty_lines()) fail("more lines than gates");
    for (std::size_t wire = circuit_.wires - outputs; wire < circuit_.wires; ++wire) {
      if (!defined_[wire]) fail("output wire " + std::to_string(wire) + " is never set");
      circuit_.outputs.push_back(static_cast<std::uint32_t>(wire));
    }
    return std::move(circuit_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error("circuit, line " + std::to_string(line_number_) + ": " + what);
  }

  static std::size_t total(const std::vector<std::size_t>& widths) {
    return std::accumulate(widths.begin(), widths.end(), std::size_t{0});
  }

  // True if there is another line, other than comments; it becomes the current one.
  bool skip_empty_lines() {
    while (!rest_.empty()) {
      ++line_number_;
      const std::size_t end = rest_.find('\n');
      line_ = rest_.substr(0, end);
      rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
      if (line_.starts_with('#')) continue;
      if (line_.find_first_not_of(" \t\r") != std::string_view::npos) return true;
    }
    return false;
  }

  void next_line(const char* expected) {
    if (!skip_empty_lines()) fail(std::string("the text ends where it should have ") + expected);
  }

  std::string_view word() {
    const std::size_t begin = line_.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    line_.remove_prefix(begin);
    const std::string_view found = line_.substr(0, line_.find_first_of(" \t\r"));
    line_.remove_prefix(found.size());
    return found;
  }

  std::size_t number() {
    const std::string_view digits = word();
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      fail("expected a number, found '" + std::string(digits) + "'");
    }
    return value;
  }

  void end_of_line() {
    const std::string_view more = word();
    if (!more.empty()) fail("unexpected '" + std::string(more) + "'");
  }

  std::vector<std::size_t> widths() {
    const std::size_t count = number();
    std::vector<std::size_t> list;
    for (std::size_t i = 0; i < count; ++i) list.push_back(number());
    end_of_line();
    return list;
  }

  std::uint32_t input_wire() {
    const std::size_t wire = number();
    if (wire >= circuit_.wires || !defined_[wire]) {
      fail("wire " + std::to_string(wire) + " is read before it is set");
    }
    return static_cast<std::uint32_t>(wire);
  }

  void gate() {
    const std::size_t inputs = number();
    if (number() != 1) fail("a gate has one output");
    if (inputs != 1 && inputs != 2) fail("a gate has one or two inputs");
    const std::string_view name =
        line_.substr(line_.find_last_of(" \t", line_.find_last_not_of(" \t\r")) + 1);
    const Gate::Type type = gate_type(name.substr(0, name.find_last_not_of(" \t\r") + 1), inputs);

    Gate gate{type, 0, 0, 0};
    if (type == Gate::Type::kConstant) {
      gate.a = static_cast<std::uint32_t>(number());
      if (gate.a > 1) fail("a constant is 0 or 1");
    } else {
      gate.a = input_wire();
      if (inputs == 2) gate.b = input_wire();
    }
    const std::size_t out = number();
    if (out >= circuit_.wires || defined_[out]) {
      fail("wire " + std::to_string(out) + " does not exist or is set already");
    }
    defined_[out] = true;
    gate.out = static_cast<std::uint32_t>(out);
    word();
    end_of_line();
    circuit_.and_gates += type == Gate::Type::kAnd;
    circuit_.gates.push_back(gate);
  }

  Gate::Type gate_type(std::string_view name, std::size_t inputs) const {
    if (inputs == 2 && name == "XOR") return Gate::Type::kXor;
    if (inputs == 2 && name == "AND") return Gate::Type::kAnd;
    if (inputs == 1 && name == "INV") return Gate::Type::kInv;
    if (inputs == 1 && name == "EQ") return Gate::Type::kConstant;
    if (inputs == 1 && name == "EQW") return Gate::Type::kCopy;
    fail("no gate '" + std::string(name) + "' with " + std::to_string(inputs) + " inputs");
  }

  std::string_view rest_;
  std::string_view line_;
  std::size_t line_number_ = 0;
  Circuit circuit_;
  std::vector<bool> defined_;
};

}  // namespace

Circuit Circuit::parse(std::string_view text) { return Parser(text).parse(); }

Circuit Circuit::load(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) throw Error("cannot read the circuit " + path.string());
  return parse(text);
}

// The borrow into bit i + 1 is the majority of ¬x_i, y_i and the borrow b_i, that is
// b_i ⊕ ((¬x_i ⊕ b_i) ∧ (y_i ⊕ b_i)); the difference is x_i ⊕ y_i ⊕ b_i.
Circuit subtractor(std::size_t x_width, std::size_t width) {
  Circuit circuit;
  circuit.input_widths = {x_width, width};
  circuit.output_widths = {width};
  circuit.wires = x_width + width;
  const auto emit = [&](Gate::Type type, std::uint32_t a, std::uint32_t b = 0) {
    const auto out = static_cast<std::uint32_t>(circuit.wires++);
    circuit.gates.push_back({type, a, b, out});
    circuit.and_gates += type == Gate::Type::kAnd;
    return out;
  };

  std::uint32_t borrow = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const auto x = static_cast<std::uint32_t>(std::min(i, x_width - 1));
    const auto y = static_cast<std::uint32_t>(x_width + i);
    const std::uint32_t x_borrow = i == 0 ? x : emit(Gate::Type::kXor, x, borrow);
    const std::uint32_t y_borrow = i == 0 ? y : emit(Gate::Type::kXor, y, borrow);
    circuit.outputs.push_back(emit(Gate::Type::kXor, x_borrow, y));
    if (i + 1 == width) break;
    const std::uint32_t both = emit(Gate::Type::kAnd, emit(Gate::Type::kInv, x_borrow), y_borrow);
    borrow = i == 0 ? both : emit(Gate::Type::kXor, borrow, both);
  }
  return circuit;
}

}  // namespace duet
