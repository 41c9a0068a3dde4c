"""A program as a graph: a box for what each line of the user's program became, coloured by domain."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from ezprivsecfl.cells import place_text, source_name
from ezprivsecfl.domains import Domain, domain_of
from ezprivsecfl.drawing.layout import place
from ezprivsecfl.drawing.svg import picture, shortened, tag, tooltip, width_of, words
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import shape_text

MOST_BOXES = 60
"""With more, a box is all of a line, whatever the user calls its operations."""

LINE, PADDING, WIDEST, CODE = 16, 8, 36, 36


@dataclass(frozen=True)
class Part:
    """Operations of a box that follow each other and are in one domain.

    Args:
        domain: Where their results are.
        ops: The operations.
    """

    domain: Domain
    ops: tuple[Op, ...]

    @property
    def text(self) -> str:
        """The operations' names, in order, and the shape of the last one's result."""
        runs = [(name, len(list(run))) for name, run in groupby(_shown_name(op) for op in self.ops)]
        names = ", ".join(name if often == 1 else f"{often} x {name}" for name, often in runs)
        results = self.ops[-1].results
        shape = results[-1].type.shape if results else ()
        return f"{names} {shape_text(shape)}" if shape else names


@dataclass(frozen=True)
class Box:
    """What an operation of the user's became, at one line.

    Args:
        location: Of the user's operation; several of one line have all their names.
        parts: By domain, in order.
    """

    location: Location
    parts: tuple[Part, ...]

    @property
    def title(self) -> str:
        """A parameter's or result's name, or what the user calls the operation."""
        paths = [path for op in self.ops if (path := getattr(op, "path", None))]
        return (
            ", ".join(paths)
            if paths and self.is_parameter
            else self.location.op or ", ".join(paths) or self.ops[0].name
        )

    @property
    def is_parameter(self) -> bool:
        """Whether it only brings in values."""
        return not any(op.operands for op in self.ops)

    @property
    def ops(self) -> tuple[Op, ...]:
        """All operations."""
        return tuple(op for part in self.parts for op in part.ops)


@dataclass(frozen=True)
class Graph:
    """Boxes, and what goes from one to another.

    Args:
        name: Of the program.
        boxes: In an order in which they can be computed.
        edges: From the box of a value to those of its uses, each once.
    """

    name: str
    boxes: tuple[Box, ...]
    edges: tuple[tuple[int, int], ...]


def graph_of(program: Program) -> Graph:
    """The graph of a program of either level.

    Operations are in one box if they are of one operation of one line of the user's program, and nothing that they
    need of each other is computed in another box.
    """
    graph = _grouped(program, lambda op: (op.location.file, op.location.line, op.location.op))
    if len(graph.boxes) > MOST_BOXES:
        graph = _grouped(program, lambda op: (op.location.file, op.location.line))
    return graph


@dataclass
class _Group:
    key: Hashable
    ops: list[Op] = field(default_factory=list)
    needs: set[int] = field(default_factory=set)


def _grouped(program: Program, key_of: Callable[[Op], Hashable]) -> Graph:
    groups: list[_Group] = []
    home: dict[Value, int] = {}
    for op in program.ops:
        before = {home[value] for value in op.operands}
        # What is of no line of the user's belongs to what it is made of; every parameter has a box of its own.
        belongs = before and not op.location.line
        key = groups[max(before)].key if belongs else (key_of(op), bool(op.operands) or op)
        found = next(
            (g for g in sorted(before, reverse=True) if groups[g].key == key and _free(groups, g, before)), None
        )
        if found is None:
            found = len(groups)
            groups.append(_Group(key))
        groups[found].ops.append(op)
        groups[found].needs |= before - {found}
        home.update(dict.fromkeys(op.results, found))
    order = _sorted(groups)
    rank = {g: i for i, g in enumerate(order)}
    edges = sorted((rank[source], rank[g]) for g in order for source in groups[g].needs)
    return Graph(program.name, tuple(_box(groups[g].ops) for g in order), tuple(edges))


def _free(groups: Sequence[_Group], group: int, before: set[int]) -> bool:
    """Whether an operation that needs ``before`` may join a group: no other of them needs the group."""
    seen, waiting = set(before - {group}), list(before - {group})
    while waiting:
        for needed in groups[waiting.pop()].needs - seen:
            seen.add(needed)
            waiting.append(needed)
    return group not in seen


def _sorted(groups: Sequence[_Group]) -> list[int]:
    """The groups so that each is after all that it needs."""
    order: list[int] = []
    left = dict.fromkeys(range(len(groups)))
    while left:
        ready = next(g for g in left if not groups[g].needs & left.keys())
        del left[ready]
        order.append(ready)
    return order


def _box(ops: Sequence[Op]) -> Box:
    # Those that are of no line of the user's have joined what they are made of; they do not name it.
    location = next((op.location for op in ops if op.location.line), ops[0].location)
    names = dict.fromkeys(op.location.op for op in ops if op.location.line and op.location.op)
    location = replace(location, op=shortened(", ".join(names), WIDEST))
    parts = [Part(domain, tuple(run)) for domain, run in groupby(ops, key=domain_of)]
    return Box(location, tuple(parts))


def _shown_name(op: Op) -> str:
    circuit = getattr(op, "circuit", None)
    return f"{op.name} {circuit}" if circuit else op.name


def graph_svg(graph: Graph, *, alone: bool = False) -> str:
    """Draws a graph from top to bottom.

    Args:
        graph: What is drawn.
        alone: Whether the drawing is a file of its own: see ``picture``.
    """
    drawn = [_Drawn(box) for box in graph.boxes]
    placed = place([one.size for one in drawn], graph.edges, (18.0, 26.0))
    found = {part.domain for box in graph.boxes for part in box.parts}
    used = [domain for domain in Domain if domain in found]
    legend = 30.0
    lines = [_curve(route, legend) for route in placed.routes]
    boxes = [one.at(x, y + legend) for one, x, y in zip(drawn, placed.x, placed.y, strict=True)]
    width = max(placed.width + 2, sum(width_of(domain.text) + 34 for domain in used))
    return picture(
        width,
        placed.height + legend + 2,
        [*_legend(used), *lines, *boxes],
        alone=alone,
        label=f"{graph.name} as a graph of {len(graph.boxes)} boxes",
    )


def _legend(domains: Sequence[Domain]) -> list[str]:
    elements, x = [], 1.0
    for domain in domains:
        elements.append(tag("rect", x=x, y=3, width=12, height=12, rx=3, class_=f"area {domain.style}"))
        elements.append(words(x + 17, 13, domain.text, "small"))
        x += width_of(domain.text) + 34
    return elements


def _curve(route: Sequence[tuple[float, float]], down: float) -> str:
    (x, y), *rest = [(a + 1, b + down) for a, b in route]
    path = f"M{x:.0f} {y:.0f}"
    for a, b in rest:
        middle = (y + b) / 2
        path += f"C{x:.0f} {middle:.0f} {a:.0f} {middle:.0f} {a:.0f} {b:.0f}" if a != x else f"V{b:.0f}"
        x, y = a, b
    return tag("path", d=path, class_="line")


class _Drawn:
    """A box with the lines of text in it."""

    def __init__(self, box: Box) -> None:
        location = box.location
        self.box = box
        self.place = place_text(Path(location.file).name, location.line) if location.line else ""
        code = linecache.getline(source_name(location.file), location.line).strip() if location.line else ""
        self.code = "" if box.is_parameter else shortened(code, CODE)
        self.full = f"{place_text(location.file, location.line)}\n{code}" if location.line else box.title
        self.rows = [(part.domain, line) for part in box.parts for line in _wrapped(part.text)]
        texts = [f"{box.title}   {self.place}", self.code, *(line for _, line in self.rows)]
        self.size = (
            max(map(width_of, texts)) + 2 * PADDING,
            LINE * (1 + bool(self.code) + len(self.rows)) + 2 * PADDING,
        )

    def at(self, middle: float, top: float) -> str:
        """The box with the middle of its top there."""
        width, height = self.size
        left, y = middle - width / 2 + 1, top + PADDING + 11
        elements = [tag("rect", x=left, y=top, width=width, height=height, rx=5, class_="frame")]
        elements.append(words(left + PADDING, y, self.box.title, "strong"))
        elements.append(words(left + width - PADDING, y, self.place, "small", "end"))
        if self.code:
            y += LINE
            elements.append(words(left + PADDING, y, self.code, "code"))
        for domain, line in self.rows:
            elements.append(
                tag("rect", x=left + 3, y=y + 5, width=width - 6, height=LINE - 1, rx=2, class_=f"area {domain.style}")
            )
            y += LINE
            elements.append(words(left + PADDING, y, line, "small"))
        return tag("g", tooltip(self.full), *elements)


def _wrapped(text: str) -> list[str]:
    """Lines of at most ``WIDEST`` characters, where there is a space to break it."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= WIDEST:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
