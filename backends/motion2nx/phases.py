"""Divides a legalised program into phases, since a MOTION2NX back end object is one graph that can be run once.

Large products are phases of their own, so that they can be cut into tiles with a graph each: the framework extends
all oblivious transfers of a graph at once, which would take many gigabytes. Garbled values live as long as their
graph, so what hangs together by them is one graph, with everything between two of its parts. Between phases every
value is an additive share or public, and linear operations are computed right there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.mpc.results import openings
from ezprivsecfl.ir.mpc.shares import SHARE_PRODUCTS
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import YaoType


class Kind(Enum):
    """What a phase does. Of what can be done next, the first of these is done first: then openings come together."""

    LOCAL = "local"
    PRODUCTS = "products"
    GRAPH = "graph"
    OPEN = "open"


@dataclass(frozen=True)
class Phase:
    """Some operations, in the program's order.

    Args:
        kind: All of this kind.
        ops: They depend on earlier phases; in a graph and in a local phase also on each other.
    """

    kind: Kind
    ops: tuple[Op, ...]


def divide(program: Program) -> list[Phase]:
    """The phases of a legalised program; operations without results, and the openings of its results, are in none.

    Raises:
        UnsupportedError: A value would have to be opened in the middle of a graph.
    """
    return _Division(program).run()


@dataclass
class _Division:
    program: Program
    known: set[Value] = field(default_factory=set)
    phases: list[Phase] = field(default_factory=list)

    def __post_init__(self) -> None:
        graphs = _graphs(self.program)
        self.graph_of = {op: graph for graph in graphs for op in graph}
        opened = openings(self.program)
        self.left = [op for op in self.program.ops if op.results and op not in opened]

    def run(self) -> list[Phase]:
        while self.left:
            # Some kind can always be done: what lies between two parts of a graph belongs to it, so there is no circle.
            kind, ops = next((kind, ops) for kind in Kind if (ops := self._ready(kind)))
            self.phases.append(Phase(kind, tuple(ops)))
            self.known.update(r for op in ops for r in op.results)
            done = set(ops)
            self.left = [op for op in self.left if op not in done]
        return self.phases

    def _kind(self, op: Op) -> Kind:
        if op in self.graph_of:
            return Kind.GRAPH
        if isinstance(op, SHARE_PRODUCTS):
            return Kind.PRODUCTS
        return Kind.OPEN if isinstance(op, protocol.Open) else Kind.LOCAL

    def _ready(self, kind: Kind) -> list[Op]:
        """All operations of a kind that can be computed now."""
        candidates = [op for op in self.left if self._kind(op) is kind]
        match kind:
            case Kind.LOCAL:
                return self._in_turn(candidates)
            case Kind.GRAPH:
                return [op for op in candidates if self._computable(self.graph_of[op])]
        return [op for op in candidates if self._computable({op})]

    def _computable(self, ops: Iterable[Op]) -> bool:
        """Whether all that some operations need, apart from each other, is known."""
        among = set(ops)
        return all(o in self.known or o.op in among for op in among for o in op.operands)

    def _in_turn(self, candidates: list[Op]) -> list[Op]:
        """Those that can be computed one after the other."""
        chosen: set[Op] = set()
        for op in candidates:
            if all(o in self.known or o.op in chosen for o in op.operands):
                chosen.add(op)
        return [op for op in candidates if op in chosen]


def _graphs(program: Program) -> list[set[Op]]:
    """The operations that must be in one graph: connected by garbled values, or between such operations."""
    graphs: list[set[Op]] = []
    for value, users in program.uses().items():
        if isinstance(value.type, YaoType):
            graphs = _joined(graphs, {value.op, *users})
    before, after = _dependences(program)
    while True:
        for graph in graphs:
            between = set().union(*(before[op] for op in graph)) & set().union(*(after[op] for op in graph)) - graph
            if between:
                graphs = _joined(graphs, graph | between)
                break
        else:
            break
    for op in (op for graph in graphs for op in graph if isinstance(op, protocol.Open)):
        raise UnsupportedError(
            "MOTION2NX cannot open a value in the middle of a garbled computation that needs it; the back end duet can",
            [op.location],
        )
    return graphs


def _joined(graphs: list[set[Op]], new: set[Op]) -> list[set[Op]]:
    """Joins all graphs that have something in common with a new one."""
    return [g for g in graphs if not g & new] + [new.union(*(g for g in graphs if g & new))]


def _dependences(program: Program) -> tuple[dict[Op, set[Op]], dict[Op, set[Op]]]:
    """For every operation those that it depends on, and those that depend on it."""
    before: dict[Op, set[Op]] = {}
    after: dict[Op, set[Op]] = {op: set() for op in program.ops}
    for op in program.ops:
        before[op] = {o.op for o in op.operands}.union(*(before[o.op] for o in op.operands))
        for earlier in before[op]:
            after[earlier].add(op)
    return before, after
