"""Makes a new program of an old one, operation by operation: what nearly every pass is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program, ProgramBuilder


@dataclass
class Rewriter(ProgramBuilder):
    """A builder that knows what has become of the values of an old program.

    Args:
        values: The new value of every old one so far.
    """

    values: dict[Value, Value] = field(default_factory=dict)

    def copy(self, ops: Iterable[Op]) -> None:
        """Adds operations of the old program in order, on the new values of their operands."""
        for op in ops:
            copied = self.append(op.rebuild([self.values[o] for o in op.operands]))
            self.values.update(zip(op.results, copied.results, strict=True))


Rule = Callable[[Rewriter, Op, tuple[Value, ...]], Value | tuple[Value, ...] | None]
"""What becomes of an operation, given the new values of its operands.

It adds operations to the rewriter, which are located where the old one was unless the rule says otherwise (``at``),
and returns the new values of the results: one, or as many as there are. None: the operation is copied.
"""


def rewrite(program: Program, rule: Rule, b: Rewriter | None = None) -> Program:
    """Applies a rule to all operations in order, and leaves out circuits that no operation names any more.

    Args:
        program: The old program.
        rule: What becomes of each operation.
        b: The program's rewriter, still empty, if the rule knows it already.
    """
    b = rewriter(program) if b is None else b
    for op in program.ops:
        with b.at(op.location):
            results = rule(b, op, tuple(b.values[o] for o in op.operands))
        if results is None:
            b.copy([op])
        else:
            results = (results,) if isinstance(results, Value) else results
            b.values.update(zip(op.results, results, strict=True))
    return without_unused_circuits(b.build())


def rewriter(program: Program) -> Rewriter:
    """An empty rewriter with a program's name, level, number of clients and circuits."""
    return Rewriter(program.name, program.level, program.max_clients, circuits=dict(program.circuits))


def drop_unused(program: Program, roots: type[Op] | tuple[type[Op], ...]) -> Program:
    """The operations that some operation of class ``roots`` depends on (roots included), and their circuits."""
    needed: set[Value] = set()
    kept: list[Op] = []
    for op in reversed(program.ops):
        if isinstance(op, roots) or any(r in needed for r in op.results):
            kept.append(op)
            needed.update(op.operands)
    return without_unused_circuits(replace(program, ops=tuple(reversed(kept))))


def without_unused_circuits(program: Program) -> Program:
    """The circuits that some operation names are left."""
    named = {getattr(op, "circuit", None) for op in program.ops}
    return replace(program, circuits={name: c for name, c in program.circuits.items() if name in named})
