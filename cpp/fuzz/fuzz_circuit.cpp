// Circuits: a text is refused, or all that it says can be evaluated.
#include <string_view>
#include <vector>

#include "duet/circuit.h"
#include "duet/errors.h"

namespace {

void require(bool condition) {
  if (!condition) __builtin_trap();
}

// Every wire is set once, before it is read.
void check(const duet::Circuit& circuit) {
  std::vector<bool> is_set(circuit.wires);
  std::size_t inputs = 0;
  for (const std::size_t width : circuit.input_widths) inputs += width;
  require(inputs <= circuit.wires);
  for (std::size_t i = 0; i < inputs; ++i) is_set[i] = true;
  std::size_t and_gates = 0;
  for (const duet::Gate& gate : circuit.gates) {
    using Type = duet::Gate::Type;
    if (gate.type != Type::kConstant) require(gate.a < circuit.wires && is_set[gate.a]);
    if (gate.type == Type::kXor || gate.type == Type::kAnd) {
      require(gate.b < circuit.wires && is_set[gate.b]);
    }
    require(gate.out < circuit.wires && !is_set[gate.out]);
    is_set[gate.out] = true;
    and_gates += gate.type == Type::kAnd;
  }
  require(and_gates == circuit.and_gates);
  for (const std::uint32_t wire : circuit.outputs) require(wire < circuit.wires && is_set[wire]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check(duet::Circuit::parse({reinterpret_cast<const char*>(data), size}));
  } catch (const duet::Error&) {
  }
  return 0;
}
