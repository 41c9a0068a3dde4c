"""Which results of a program depend on which of its inputs."""

from __future__ import annotations

from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output


def results_by_input(program: Program) -> dict[str, list[str]]:
    """For every input of a tensor program the outputs that depend on it, by path."""
    sources: dict[Value, set[str]] = {}
    results: dict[str, list[str]] = {op.path: [] for op in program.of(Input)}
    for op in program.ops:
        below = {op.path} if isinstance(op, Input) else set().union(*(sources[o] for o in op.operands))
        for value in op.results:
            sources[value] = below
        if isinstance(op, Output):
            for path in below:
                results[path].append(op.path)
    return results
