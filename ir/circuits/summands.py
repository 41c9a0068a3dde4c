"""Circuits that take additively shared numbers: their inputs are two summands each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.circuits.circuit import Circuit, GateKind


def on_summands(circuit: Circuit, summed: Collection[int], *, shallow: bool) -> Circuit:
    """The circuit with adders before some of its inputs; of an adder, only what the outputs need is left.

    Args:
        circuit: What to compute.
        summed: The inputs (by index) that become two words of the same width, one after the other.
        shallow: Adders have little depth rather than few AND gates.
    """
    b = CircuitBuilder()
    add = words.add_shallow if shallow else words.add
    inputs = []
    for index, width in enumerate(circuit.input_widths):
        if index in summed:
            both = b.input(2 * width)
            inputs.append(add(b, both[:width], both[width:]))
        else:
            inputs.append(b.input(width))
    for output in _replay(b, circuit, inputs):
        b.output(output)
    return b.build()


def identity(width: int) -> Circuit:
    """The circuit without gates."""
    b = CircuitBuilder()
    b.output(b.input(width))
    return b.build()


def _replay(b: CircuitBuilder, circuit: Circuit, inputs: Sequence[Wires]) -> list[Wires]:
    """The outputs of the circuit on other wires."""
    wires = dict(enumerate(wire for word in inputs for wire in word))
    for kind, operands, output in circuit.gates:
        match kind:
            case GateKind.EQ:
                wires[output] = b.constant(bool(operands[0]))
            case GateKind.EQW:
                wires[output] = wires[operands[0]]
            case GateKind.INV:
                wires[output] = b.inv(wires[operands[0]])
            case GateKind.XOR:
                wires[output] = b.xor(wires[operands[0]], wires[operands[1]])
            case GateKind.AND:
                wires[output] = b.and_(wires[operands[0]], wires[operands[1]])
    outputs = []
    end = circuit.num_wires
    for width in reversed(circuit.output_widths):
        outputs.append(tuple(wires[i] for i in range(end - width, end)))
        end -= width
    return outputs[::-1]
