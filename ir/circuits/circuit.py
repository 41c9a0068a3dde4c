"""A finished Boolean circuit, in the conventions of Bristol Fashion."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple


class GateKind(Enum):
    """The gates of Bristol Fashion that are used here; only ``AND`` costs anything in a garbled circuit."""

    XOR = "XOR"
    AND = "AND"
    INV = "INV"
    EQ = "EQ"
    EQW = "EQW"


class Gate(NamedTuple):
    """One gate: its output wire is set from its input wires.

    ``EQ`` sets a constant: its only "input" is the constant itself, 0 or 1, and no wire.
    """

    kind: GateKind
    inputs: tuple[int, ...]
    output: int


@dataclass(frozen=True)
class Circuit:
    """A circuit with several inputs and outputs; wire i of an input or output is its bit i.

    The first wires are the inputs' in order, the last wires are the outputs' in order.

    Args:
        num_wires: Number of wires.
        input_widths: Wires per input.
        output_widths: Wires per output.
        gates: In an order in which they can be evaluated; each sets a wire of its own.
    """

    num_wires: int
    input_widths: tuple[int, ...]
    output_widths: tuple[int, ...]
    gates: tuple[Gate, ...]

    @cached_property
    def and_count(self) -> int:
        """Number of AND gates: what garbling pays for."""
        return sum(gate.kind is GateKind.AND for gate in self.gates)

    @cached_property
    def layers(self) -> tuple[int, ...]:
        """The AND gates by depth: those whose result depends on no other AND, those that depend on one, and so on."""
        depths = [0] * self.num_wires
        layers: Counter[int] = Counter()
        for kind, inputs, output in self.gates:
            if kind is not GateKind.EQ:
                depths[output] = max(depths[wire] for wire in inputs) + (kind is GateKind.AND)
            if kind is GateKind.AND:
                layers[depths[output]] += 1
        return tuple(layers[depth] for depth in range(1, len(layers) + 1))

    @property
    def depth(self) -> int:
        """Largest number of AND gates on a path from an input to an output."""
        return len(self.layers)

    @cached_property
    def constant_wires(self) -> dict[int, bool]:
        """The wires that are set to a constant, and to which."""
        return {output: bool(inputs[0]) for kind, inputs, output in self.gates if kind is GateKind.EQ}

    def constant_bits(self, output: int) -> tuple[bool | None, ...]:
        """Per bit of an output its value if that is always the same, else None."""
        end = self.num_wires - sum(self.output_widths[output + 1 :])
        return tuple(self.constant_wires.get(wire) for wire in range(end - self.output_widths[output], end))
