"""Lets a user say how products are computed, for experiments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program, ProgramBuilder


@dataclass(frozen=True)
class SelectProducts:
    """The pass.

    Args:
        methods: By line of the user's program one of ``protocol.METHODS``; line 0 stands for all others.

    Raises:
        CompileError: There is no such method, or no product at a line.
    """

    methods: Mapping[int, str]

    def __post_init__(self) -> None:
        for method in self.methods.values():
            if method not in protocol.METHODS:
                raise CompileError(f"products={method!r}: choose from {', '.join(protocol.METHODS)}")

    def run(self, program: Program) -> Program:
        """Returns the program with its products' methods set."""
        products = [*program.of(protocol.Product), *program.of(protocol.SquareSum)]
        lines = sorted({op.location.line for op in products})
        for line in self.methods:
            if line and line not in lines:
                found = f"its products are at {', '.join(map(str, lines))}" if lines else "it has none"
                raise CompileError(f"products: {program.name} has no product at line {line}; {found}")
        b = ProgramBuilder(program.name, program.level, program.max_clients, circuits=dict(program.circuits))
        values: dict[Value, Value] = {}
        for op in program.ops:
            with b.at(op.location):
                results = b.copy(op, values).results if op not in products else b.append(self._set(op, values)).results
            values.update(zip(op.results, results, strict=True))
        return b.build()

    def _set(self, op: Op, values: Mapping[Value, Value]) -> Op:
        method = self.methods.get(op.location.line, self.methods.get(0, "auto"))
        return replace(op.rebuild([values[o] for o in op.operands]), method=method)  # type: ignore[call-arg]
