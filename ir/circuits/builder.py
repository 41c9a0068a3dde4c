"""Builds circuits gate by gate; what needs no gate gets none."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.ir.circuits.circuit import Circuit, Gate, GateKind
from ezprivsecfl.ir.circuits.factors import with_common_factors

__all__ = ["Circuit", "CircuitBuilder", "Wires"]

Wires = tuple[int, ...]
"""A bundle: the wires of one word, lowest bit first. A wire is only meaningful to the builder that made it."""


class CircuitBuilder:
    """Collects inputs, gates and outputs; ``build`` returns the circuit.

    Constants are folded, equal gates are shared, and gates that no output needs are left out. Two wires are never
    ANDed twice, not even if inverted: the four products of two wires and their inverses differ by XORs only.
    """

    # A wire is 2 * node + 1 if inverted, so that an inversion is no gate and always folds. Node 0 is the constant 0.

    def __init__(self) -> None:
        self._operands: list[tuple[int, int] | None] = [None]  # of an AND: wires; of an XOR: nodes; else None
        self._is_and: list[bool] = [False]
        self._inputs: list[range] = []
        self._outputs: list[Wires] = []
        self._xors: dict[tuple[int, int], int] = {}
        self._ands: dict[tuple[int, int], int] = {}

    def constant(self, value: bool) -> int:
        """The wire that is always ``value``."""
        return int(value)

    def constant_value(self, wire: int) -> bool | None:
        """The value of a wire that is always the same, None for any other wire."""
        return bool(wire) if wire < 2 else None

    def input(self, width: int) -> Wires:
        """The wires of the next input of the circuit."""
        nodes = range(len(self._operands), len(self._operands) + width)
        self._operands += [None] * width
        self._is_and += [False] * width
        self._inputs.append(nodes)
        return tuple(2 * node for node in nodes)

    def output(self, wires: Sequence[int]) -> None:
        """Makes these wires the next output of the circuit."""
        self._outputs.append(tuple(wires))

    def inv(self, x: int) -> int:
        """Not x."""
        return x ^ 1

    def xor(self, x: int, y: int) -> int:
        """Exclusive or."""
        return (2 * self._xor_nodes(x >> 1, y >> 1)) ^ ((x ^ y) & 1)

    def and_(self, x: int, y: int) -> int:
        """Conjunction."""
        x, y = sorted((x, y))
        if x < 2 or x >> 1 == y >> 1:
            return y if x == 1 or x == y else 0
        nodes = (x >> 1, y >> 1)
        known = self._ands.get(nodes)
        if known is None:
            self._ands[nodes] = known = self._new_node((x, y), is_and=True)
            return 2 * known
        operands = self._operands[known]
        assert operands is not None
        # (p + c)(q + d) = pq + dp + cq + cd modulo 2, where p, q are known and x = p + c, y = q + d.
        p, q = operands
        result = 2 * known
        if y != q:
            result = self.xor(result, p)
        if x != p:
            result = self.xor(result, y)
        return result

    def or_(self, x: int, y: int) -> int:
        """Disjunction."""
        return self.inv(self.and_(self.inv(x), self.inv(y)))

    def mux(self, condition: int, x: int, y: int) -> int:
        """``x`` if ``condition`` else ``y``: one AND."""
        return self.xor(y, self.and_(condition, self.xor(x, y)))

    def build(self) -> Circuit:
        """The circuit of all outputs so far.

        Raises:
            ValueError: There is no output.
        """
        if not self._outputs:
            raise ValueError("a circuit needs at least one output")
        return _Emitter(self._operands, self._is_and, self._inputs, self._outputs).run()

    def _xor_nodes(self, x: int, y: int) -> int:
        x, y = sorted((x, y))
        if x == 0 or x == y:
            return x ^ y
        # A sum of two terms each cancels what it has in common: x + (x + p) = p, (x + p) + (x + q) = p + q.
        terms_x, terms_y = self._terms(x), self._terms(y)
        if x in terms_y:
            (rest,) = terms_y - {x}
            return rest
        if len(terms_x & terms_y) == 1:
            p, q = terms_x ^ terms_y
            return self._xor_nodes(p, q)
        if (x, y) not in self._xors:
            self._xors[x, y] = self._new_node((x, y), is_and=False)
        return self._xors[x, y]

    def _terms(self, node: int) -> set[int]:
        operands = self._operands[node]
        return set() if operands is None or self._is_and[node] else set(operands)

    def _new_node(self, operands: tuple[int, int], *, is_and: bool) -> int:
        self._operands.append(operands)
        self._is_and.append(is_and)
        return len(self._operands) - 1


class _Emitter:
    """Numbers the wires of the nodes that outputs need, and makes inversions gates again."""

    def __init__(
        self,
        operands: Sequence[tuple[int, int] | None],
        is_and: Sequence[bool],
        inputs: Sequence[range],
        outputs: Sequence[Wires],
    ) -> None:
        self._operands = operands
        self._is_and = is_and
        self._input_widths = tuple(len(nodes) for nodes in inputs)
        self._output_widths = tuple(len(wires) for wires in outputs)
        self._gates: list[Gate] = []
        # Output wires have the highest numbers, unknown until all others are numbered: -1 is the last of them.
        flat = [wire for wires in outputs for wire in wires]
        self._slots = {position - len(flat): wire for position, wire in enumerate(flat)}
        self._slot_of = {wire: slot for slot, wire in reversed(self._slots.items())}
        self._numbers = {2 * node: number for number, node in enumerate(n for nodes in inputs for n in nodes)}
        self._next = len(self._numbers)

    def run(self) -> Circuit:
        live = self._live()
        products = [node for node in live if self._is_and[node]]
        turned = dict(zip(products, with_common_factors([self._pair(node) for node in products]), strict=True))
        for node in live:
            operands = self._pair(node)
            if node in turned:
                self._emit(GateKind.AND, tuple(self._number(wire) for wire in turned[node]), 2 * node)
            else:
                self._emit(GateKind.XOR, tuple(self._numbers[2 * n] for n in operands), 2 * node)
        for slot, wire in self._slots.items():
            self._set_output(slot, wire)
        num_wires = self._next + len(self._slots)
        gates = tuple(
            Gate(kind, tuple(i % num_wires for i in inputs), output % num_wires) for kind, inputs, output in self._gates
        )
        return Circuit(num_wires, self._input_widths, self._output_widths, gates)

    def _pair(self, node: int) -> tuple[int, int]:
        operands = self._operands[node]
        assert operands is not None
        return operands

    def _live(self) -> list[int]:
        """The gates that outputs depend on, operands first."""
        live = {wire >> 1 for wire in self._slots.values()}
        for node in reversed(range(len(self._operands))):
            operands = self._operands[node]
            if node in live and operands is not None:
                live.update(wire >> 1 for wire in operands) if self._is_and[node] else live.update(operands)
        return [node for node in sorted(live) if self._operands[node] is not None]

    def _emit(self, kind: GateKind, inputs: tuple[int, ...], wire: int) -> None:
        """Adds the gate of a wire, directly at its place among the outputs if it is one."""
        number = self._slot_of.get(wire)
        if number is None:
            number = self._next
            self._next += 1
        self._gates.append(Gate(kind, inputs, number))
        self._numbers[wire] = number

    def _number(self, wire: int) -> int:
        """The number of a wire, with an INV gate if it is the first use of an inverse."""
        if wire not in self._numbers:
            self._emit(GateKind.INV, (self._numbers[wire ^ 1],), wire)
        return self._numbers[wire]

    def _set_output(self, slot: int, wire: int) -> None:
        if wire < 2:
            self._gates.append(Gate(GateKind.EQ, (wire,), slot))
        elif self._number(wire) != slot:
            self._gates.append(Gate(GateKind.EQW, (self._numbers[wire],), slot))
