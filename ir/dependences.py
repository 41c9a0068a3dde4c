"""Which results of a program depend on which of its inputs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output


def part_for(program: Program, outputs: Collection[str]) -> Program:
    """The part of a program that some of its outputs, by path, depend on."""
    needed: set[Value] = set()
    kept = []
    for op in reversed(program.ops):
        if (isinstance(op, Output) and op.path in outputs) or not needed.isdisjoint(op.results):
            needed.update(op.operands)
            kept.append(op)
    return replace(program, ops=tuple(reversed(kept)))


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
