"""A Boolean circuit: its gates and wires, or where it is large what it has of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ezprivsecfl.drawing.layout import place
from ezprivsecfl.drawing.page import Drawing
from ezprivsecfl.drawing.svg import picture, tag, tooltip, words
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.circuits.circuit import Circuit, Gate, GateKind

MOST_GATES = 400
"""Of larger circuits a drawing shows layers instead of gates."""

MOST_BARS = 120

SYMBOLS = {GateKind.AND: "&", GateKind.XOR: "⊕", GateKind.INV: "¬", GateKind.EQ: "", GateKind.EQW: "="}
COLOURS = {GateKind.AND: "yao", GateKind.XOR: "arith", GateKind.INV: "public", GateKind.EQ: "public"}
NODE = 18.0


@dataclass(frozen=True)
class NamedCircuit:
    """A Boolean circuit of a program; shown in a notebook, it draws itself.

    Args:
        name: Under which the program has it.
        circuit: Its gates.
    """

    name: str
    circuit: Circuit

    def __repr__(self) -> str:
        kinds = Counter(gate.kind for gate in self.circuit.gates)
        gates = ", ".join(f"{kinds[kind]} {kind.value}" for kind in GateKind if kinds[kind])
        depth = self.circuit.depth
        return (
            f"{self.name}: inputs of {_listed(self.circuit.input_widths)}, outputs of "
            f"{_listed(self.circuit.output_widths)}; {gates}; {depth} layer{'' if depth == 1 else 's'} of AND gates"
        )

    def draw(self) -> Drawing:
        """The gates and wires of a circuit of up to 400 gates; of a larger one how many AND gates each layer has."""
        drawn = gates_svg if len(self.circuit.gates) <= MOST_GATES else layers_svg
        return Drawing(lambda alone: drawn(self.circuit, repr(self), alone=alone), repr(self))

    def _repr_html_(self) -> str:
        return self.draw()._repr_html_()


def circuit_of(circuits: Mapping[str, Circuit], name: str, program: str) -> NamedCircuit:
    """A program's circuit by its name; raises CompileError if there is none."""
    if name not in circuits:
        raise CompileError(f"{program} has no circuit {name!r}; it has {', '.join(circuits) or 'none'}")
    return NamedCircuit(name, circuits[name])


def _listed(widths: Sequence[int]) -> str:
    return f"{' and '.join(map(str, widths))} bit{'' if list(widths) == [1] else 's'}"


def gates_svg(circuit: Circuit, title: str, *, alone: bool = False) -> str:
    """Draws a circuit from left to right, with bit i of input 0 as ``x0[i]`` and of output 0 as ``y0[i]``."""
    names = [f"x{k}[{i}]" for k, width in enumerate(circuit.input_widths) for i in range(width)]
    used = {wire for gate in circuit.gates if gate.kind is not GateKind.EQ for wire in gate.inputs}
    outputs = [f"y{k}[{i}]" for k, width in enumerate(circuit.output_widths) for i in range(width)]
    first_output = circuit.num_wires - len(outputs)
    inputs = [wire for wire in range(len(names)) if wire in used or wire >= first_output]
    node_of = {wire: i for i, wire in enumerate(inputs)}
    edges: list[tuple[int, int]] = []
    for node, gate in enumerate(circuit.gates, len(inputs)):
        if gate.kind is not GateKind.EQ:
            edges += [(node_of[wire], node) for wire in gate.inputs]
        node_of[gate.output] = node
    before = len(inputs) + len(circuit.gates)
    edges += [(node_of[first_output + i], before + i) for i in range(len(outputs))]
    placed = place([(NODE, NODE)] * (before + len(outputs)), edges, (3.0, 34.0), sources_first=True)
    left, top = 44.0, 26.0
    # The layout is from top to bottom: what is across there is down here.
    at = [(y + left, x + top) for x, y in zip(placed.x, placed.y, strict=True)]
    wires = "".join("M" + "L".join(f"{b + left:.0f} {a + top:.0f}" for a, b in route) for route in placed.routes)
    labels = [words(x + NODE, y + 4, names[wire], "code", "end") for wire, (x, y) in zip(inputs, at, strict=False)]
    labels += [words(x, y + 4, name, "code") for name, (x, y) in zip(outputs, at[before:], strict=True)]
    unused = len(names) - len(inputs)
    caption = words(1, 14, title + (f"; {unused} input bits are not used" if unused else ""), "small")
    elements = [caption, tag("path", d=wires, class_="line"), *_gates(circuit.gates, at[len(inputs) : before]), *labels]
    width = max(placed.height + left + 50, 7.0 * len(title))
    return picture(width, placed.width + top + 4, elements, alone=alone, label=title)


def _gates(gates: Sequence[Gate], at: Sequence[tuple[float, float]]) -> list[str]:
    """A circle for every gate, with its symbol, or the constant that it sets."""
    circles: dict[str, list[str]] = {}
    symbols = []
    for gate, (x, y) in zip(gates, at, strict=True):
        circle = tag("circle", cx=round(x + NODE / 2), cy=round(y), r=NODE / 2 - 1)
        circles.setdefault(COLOURS.get(gate.kind, "public"), []).append(circle)
        symbol = str(gate.inputs[0]) if gate.kind is GateKind.EQ else SYMBOLS[gate.kind]
        symbols.append(words(round(x + NODE / 2), round(y + 4), symbol))
    groups = [tag("g", *drawn, class_=f"area {colour}") for colour, drawn in circles.items()]
    return [*groups, tag("g", *symbols, text_anchor="middle")]


def layers_svg(circuit: Circuit, title: str, *, alone: bool = False) -> str:
    """Draws a bar for every layer of AND gates, or for several layers that follow each other."""
    layers = circuit.layers
    together = -(-len(layers) // MOST_BARS)
    bars = [sum(layers[i : i + together]) for i in range(0, len(layers), together)]
    width, height, left, top = 640.0, 120.0, 40.0, 30.0
    step, most = width / max(len(bars), 1), max(bars, default=1)
    elements = [words(1, 14, title, "small")]
    for i, gates in enumerate(bars):
        tall = height * gates / most
        first = i * together + 1
        last = min(first + together - 1, len(layers))
        where = f"layer {first}" if first == last else f"layers {first} to {last}"
        bar = tag(
            *("rect", tooltip(f"{where}: {gates} AND gates")),
            x=left + i * step,
            y=top + height - tall,
            width=step * 0.85,
            height=tall,
            class_="area yao",
        )
        elements.append(bar)
    base = top + height
    elements.append(tag("path", d=f"M{left:.0f} {top:.0f}V{base:.0f}H{left + width:.0f}", class_="line"))
    elements += [words(left - 5, top + 9, str(most), "small", "end"), words(left - 5, base, "0", "small", "end")]
    per = "" if together == 1 else f", {together} layers in a bar"
    elements.append(words(left, base + 16, f"AND gates by layer, 1 to {len(layers)}{per}", "small"))
    return picture(max(left + width + 10, 7.0 * len(title)), base + 24, elements, alone=alone, label=title)
