#include "check.h"
#include "circuits.h"
#include "duet/errors.h"
#include "ezmotion/circuit.h"

namespace {

using namespace ezmotion;

void tells_its_sizes(const Circuits& circuits) {
  const Circuit relu = load_circuit(circuits.write("relu.txt", relu_text(20)));
  CHECK((relu.input_widths == std::vector<std::size_t>{20}));
  CHECK((relu.output_widths == std::vector<std::size_t>{20, 1}));
  CHECK(relu.and_gates == 20);
  const Circuit adder = load_circuit(circuits.write("adder.txt", adder_text(32)));
  CHECK((adder.input_widths == std::vector<std::size_t>{32, 32}));
  CHECK(adder.and_gates == 31);
  CHECK(load_circuit(circuits.write("complement.txt", complement_text(5))).and_gates == 0);
}

std::string refusal(const Circuits& circuits, const std::string& text) {
  const std::string path = circuits.write("bad.txt", text).string();
  const std::string message = message_of<duet::Error>([&] { load_circuit(path); });
  return message.starts_with(path) ? message.substr(path.size()) : message;
}

void refuses_what_the_framework_cannot_do(const Circuits& circuits) {
  const std::string gates = ": MOTION2NX garbles XOR, AND and INV gates only";
  CHECK(refusal(circuits, "1 2\n1 1\n1 1\n\n1 1 0 1 EQW\n") == gates);
  CHECK(refusal(circuits, "1 2\n1 1\n1 1\n\n1 1 1 1 EQ\n") == gates);
  CHECK(refusal(circuits, "1 2\n1 1\n1 1\n\n1 1 0 1 NOR\n").starts_with("circuit, line 5: "));
  message_of<duet::Error>([] { load_circuit("/nowhere/circuit.txt"); });
}

}  // namespace

int main() {
  const Circuits circuits;
  tells_its_sizes(circuits);
  refuses_what_the_framework_cannot_do(circuits);
}
