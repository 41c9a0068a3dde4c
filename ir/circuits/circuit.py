"""A finished Boolean circuit, in the conventions of Bristol Fashion."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

KEY_BITS = 64
"""AND gates whose common operand a server with Boolean shares pays for once (cpp/src/evaluate_boolean.cpp)."""


class GateKind(Enum):
    """The gates of Bristol Fashion that are used here; only ``AND`` costs anything.

    A garbled one costs the same whatever its operands are. On Boolean shares, those with the same first operand share
    most of what they cost.
    """

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
    def depth(self) -> int:
        """Largest number of AND gates on a path from an input to an output."""
        return max((depth for _, depth in self._ands), default=0)

    @cached_property
    def layers(self) -> tuple[int, ...]:
        """Number of AND gates by depth."""
        found = Counter(depth for _, depth in self._ands)
        return tuple(found[depth] for depth in range(1, self.depth + 1))

    @cached_property
    def factors(self) -> int:
        """Number of first operands of AND gates: what Boolean shares pay for.

        Of a wire with more than ``KEY_BITS`` gates they pay for several.
        """
        return len(self._first_depths)

    @cached_property
    def openings(self) -> tuple[int, ...]:
        """Bits that Boolean shares open, by depth: one for every AND gate, and one for every factor that is new."""
        new = Counter(self._first_depths.values())
        return tuple(gates + new[depth] for depth, gates in enumerate(self.layers, 1))

    @cached_property
    def _ands(self) -> tuple[tuple[int, int], ...]:
        """Of every AND gate its first operand and its depth: 1 if its result depends on no other AND."""
        depths = [0] * self.num_wires
        found = []
        for kind, inputs, output in self.gates:
            if kind is not GateKind.EQ:
                depths[output] = max(depths[wire] for wire in inputs) + (kind is GateKind.AND)
            if kind is GateKind.AND:
                found.append((inputs[0], depths[output]))
        return tuple(found)

    @cached_property
    def _first_depths(self) -> dict[tuple[int, int], int]:
        """The lowest depth of every factor: a wire, and how many times ``KEY_BITS`` gates it has before."""
        gates: Counter[int] = Counter()
        first: dict[tuple[int, int], int] = {}
        for wire, depth in self._ands:
            factor = (wire, gates[wire] // KEY_BITS)
            gates[wire] += 1
            first[factor] = min(depth, first.get(factor, depth))
        return first

    @cached_property
    def constant_wires(self) -> dict[int, bool]:
        """The wires that are set to a constant, and to which."""
        return {output: bool(inputs[0]) for kind, inputs, output in self.gates if kind is GateKind.EQ}

    def constant_bits(self, output: int) -> tuple[bool | None, ...]:
        """Per bit of an output its value if that is always the same, else None."""
        end = self.num_wires - sum(self.output_widths[output + 1 :])
        return tuple(self.constant_wires.get(wire) for wire in range(end - self.output_widths[output], end))
