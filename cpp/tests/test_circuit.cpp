#include <fstream>
#include <string>

#include "check.h"
#include "duet/circuit.h"
#include "duet/errors.h"
#include "plain_circuit.h"

namespace {

using namespace duet;

// One full adder bit with all kinds of gates: sum and carry of two 1-bit inputs and the constant 1.
const char* const kText =
    "7 9\n"
    "2 1 1\n"
    "1 2\n"
    "\n"
    "1 1 1 2 EQ\n"
    "2 1 0 1 3 XOR\n"
    "2 1 0 1 4 AND\n"
    "2 1 3 2 5 AND\r\n"
    "1 1 3 7 INV\n"
    "2 1 4 5 6 XOR\n"
    "1 1 6 8 EQW\n"
    "\n";

void parses() {
  const Circuit circuit = Circuit::parse(kText);
  CHECK(circuit.wires == 9 && circuit.gates.size() == 7 && circuit.and_gates == 2);
  CHECK((circuit.input_widths == std::vector<std::size_t>{1, 1}));
  CHECK((circuit.output_widths == std::vector<std::size_t>{2}));
  CHECK((circuit.outputs == std::vector<std::uint32_t>{7, 8}));
  for (const Ring x : {0, 1}) {
    for (const Ring y : {0, 1}) {
      CHECK(evaluate_plain(circuit, {x, y}) == std::vector<Ring>{x + y + 1});
    }
  }
}

void skips_comments() {
  const Circuit circuit = Circuit::parse("# add: a -> b\n" + std::string(kText) + "\n# the end\n");
  CHECK(circuit.gates.size() == 7 && circuit.and_gates == 2);
}

std::string error_in(const std::string& from, const std::string& to) {
  std::string text = kText;
  text.replace(text.find(from), from.size(), to);
  return message_of<Error>([&] { Circuit::parse(text); });
}

void says_what_is_wrong_and_where() {
  CHECK(message_of<Error>([] { Circuit::parse(""); }) ==
        "circuit, line 0: the text ends where it should have the numbers of gates and wires");
  CHECK(error_in("7 9", "8 9") == "circuit, line 12: the text ends where it should have a gate");
  CHECK(error_in("7 9", "6 9") == "circuit, line 11: more lines than gates");
  CHECK(error_in("7 9", "7 16777217") == "circuit, line 1: too many wires");
  CHECK(error_in("7 9", "7 9 1") == "circuit, line 1: unexpected '1'");
  CHECK(error_in("7 9", "7 2") == "circuit, line 5: wire 2 does not exist or is set already");
  CHECK(error_in("7 9", "7 1") == "circuit, line 3: fewer wires than in- or outputs");
  CHECK(error_in("2 1 1", "2 1 x") == "circuit, line 2: expected a number, found 'x'");
  CHECK(error_in("2 1 1", "2 1") == "circuit, line 2: expected a number, found ''");
  CHECK(error_in("1 1 1 2 EQ", "1 1 2 2 EQ") == "circuit, line 5: a constant is 0 or 1");
  CHECK(error_in("0 1 3 XOR", "0 5 3 XOR") == "circuit, line 6: wire 5 is read before it is set");
  CHECK(error_in("0 1 4 AND", "0 1 3 AND") ==
        "circuit, line 7: wire 3 does not exist or is set already");
  CHECK(error_in("6 8 EQW", "6 9 EQW") ==
        "circuit, line 11: wire 9 does not exist or is set already");
  CHECK(error_in("3 7 INV", "3 7 MAND") == "circuit, line 9: no gate 'MAND' with 1 inputs");
  CHECK(error_in("2 1 3 2 5 AND", "3 1 3 2 0 5 AND") ==
        "circuit, line 8: a gate has one or two inputs");
  CHECK(error_in("1 1 3 7 INV", "1 2 3 7 INV") == "circuit, line 9: a gate has one output");
  CHECK(error_in("7 9", "7 10") == "circuit, line 12: output wire 9 is never set");
}

void loads_a_file() {
  const auto path = std::filesystem::temp_directory_path() / "duet_test_circuit.txt";
  std::ofstream(path) << kText;
  CHECK(Circuit::load(path).gates.size() == 7);
  std::filesystem::remove(path);
  message_of<Error>([&] { Circuit::load(path); });
}

Ring low_bits(Ring value, std::size_t width) {
  return width == 64 ? value : value & ((Ring{1} << width) - 1);
}

void subtracts() {
  for (const std::size_t width : {1, 2, 4}) {
    for (std::size_t x_width = 1; x_width <= width; ++x_width) {
      const Circuit circuit = subtractor(x_width, width);
      CHECK(circuit.and_gates == width - 1);
      for (Ring x = 0; x < Ring{1} << x_width; ++x) {
        for (Ring y = 0; y < Ring{1} << width; ++y) {
          const Ring sign = x >> (x_width - 1) << x_width;
          CHECK(evaluate_plain(circuit, {x, y})[0] == low_bits(x - sign - y, width));
        }
      }
    }
  }
  const Circuit circuit = subtractor(64, 64);
  for (const Ring x : {Ring{0}, ~Ring{0}, Ring{0x0123456789abcdef}}) {
    for (const Ring y : {Ring{1}, ~Ring{0}, Ring{0xfedcba9876543210}}) {
      CHECK(evaluate_plain(circuit, {x, y})[0] == x - y);
    }
  }
}

}  // namespace

int main() {
  parses();
  skips_comments();
  says_what_is_wrong_and_where();
  loads_a_file();
  subtracts();
}
