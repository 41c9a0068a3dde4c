"""The graph: operations that stand at one place of the user's program and in one domain are one node."""

from __future__ import annotations

import linecache
from dataclasses import dataclass, field
from pathlib import Path

from ezprivsecfl.errors import Location
from ezprivsecfl.graph.domains import Domain, domain_of
from ezprivsecfl.graph.dot import dot_text
from ezprivsecfl.graph.svg import svg_text
from ezprivsecfl.ir.mpc import io
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import shape_text


@dataclass(frozen=True)
class Node:
    """A box.

    Args:
        location: The place of the user's program, with the operation there.
        domain: Where the values are.
        operations: What is done to them, in order, each kind once.
        shape: Of what comes out, in the text form.
    """

    location: Location
    domain: Domain
    operations: tuple[str, ...]
    shape: str

    @property
    def lines(self) -> tuple[str, ...]:
        """What stands in the box: the place, the text of the line, and what is done there."""
        place = f"{Path(self.location.file).name}:{self.location.line}" if self.location.line else "the compiler"
        what = f"{place} {self.location.op}".rstrip()
        text = linecache.getline(self.location.file, self.location.line).strip()
        return (what, *([text] if text else []), f"{', '.join(self.operations)} {self.shape}".rstrip())


@dataclass(frozen=True)
class Graph:
    """A program's graph; a notebook shows the drawing.

    Args:
        name: Of the program.
        nodes: In an order in which every node comes after those that it depends on.
        edges: Pairs of positions of nodes: the second takes what the first makes.
    """

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]

    @property
    def dot(self) -> str:
        """In Graphviz's language."""
        return dot_text(self.name, [(node.lines, node.domain) for node in self.nodes], self.edges)

    @property
    def svg(self) -> str:
        """A drawing that stands by itself, readable on light and on dark."""
        return svg_text(self.name, [(node.lines, node.domain) for node in self.nodes], self.edges)

    def _repr_svg_(self) -> str:
        return self.svg


@dataclass
class _Group:
    key: tuple[Location, Domain]
    ops: list[Op] = field(default_factory=list)
    before: set[int] = field(default_factory=set)


def graph_of(program: Program) -> Graph:
    """The graph of a program on shares.

    Args:
        program: Of the mpc level, such as ``Lowered.secure``.
    """
    groups: list[_Group] = []
    home: dict[Op, int] = {}
    for op in program.ops:
        sources = {home[value.op] for value in op.operands}
        key = (op.location, domain_of(op))
        position = next((i for i, one in enumerate(groups) if one.key == key and _fits(groups, i, sources)), None)
        if position is None:
            position = len(groups)
            groups.append(_Group(key))
        groups[position].ops.append(op)
        groups[position].before |= sources - {position}
        home[op] = position
    order = _ordered(groups)
    place = {position: i for i, position in enumerate(order)}
    nodes = tuple(_node(groups[position]) for position in order)
    edges = sorted((place[source], place[i]) for i, group in enumerate(groups) for source in group.before)
    return Graph(program.name, nodes, tuple(edges))


def _fits(groups: list[_Group], position: int, sources: set[int]) -> bool:
    """Whether a group can take an operation with these sources, so that no source depends on the group itself."""
    todo, seen = list(sources - {position}), set()
    while todo:
        one = todo.pop()
        if one == position:
            return False
        if one not in seen:
            seen.add(one)
            todo += groups[one].before
    return True


def _ordered(groups: list[_Group]) -> list[int]:
    """Positions, each after those of the groups that it depends on, and otherwise as they are."""
    left, order = dict(enumerate(groups)), list[int]()
    while left:
        ready = next(i for i, group in left.items() if group.before.isdisjoint(left))
        order.append(ready)
        del left[ready]
    return order


def _node(group: _Group) -> Node:
    location, domain = group.key
    last = next((op for op in reversed(group.ops) if op.results), None)
    shape = getattr(last.results[0].type, "shape", None) if last is not None else None
    kinds = dict.fromkeys(_named(op) for op in group.ops)
    return Node(location, domain, tuple(kinds), shape_text(shape) if shape else "")


def _named(op: Op) -> str:
    """An operation, and of what is shared which parameter it is."""
    return f"{op.name} {op.path}" if isinstance(op, io.Share) else op.name
