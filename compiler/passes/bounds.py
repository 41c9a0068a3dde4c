"""Gives every input the bound that the range analysis starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ezprivsecfl.compiler.parameter_bounds import ParameterBounds, default_bound
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input


@dataclass(frozen=True)
class DeclareBounds:
    """Sets ``max_clients`` and every input's bound.

    Args:
        clients: The largest number of clients of a round.
        bounds: As declared; inputs that none of them covers get their default.
    """

    clients: int
    bounds: ParameterBounds

    def run(self, program: Program) -> Program:
        """Returns the program with bounds; raises CompileError for a bound that fits no parameter."""
        if self.clients < 2:
            raise CompileError(
                f"clients must be at least 2, not {self.clients}: with one client the aggregate is that client's value"
            )
        unused = self.bounds.unused([program])
        if unused:
            known = ", ".join(sorted(op.path for op in program.of(Input)))
            raise CompileError(f"--bound names no parameter of {program.name}: {', '.join(unused)}; it has {known}")
        values: dict[Value, Value] = {}
        ops: list[Op] = []
        for op in program.ops:
            copy = op.rebuild([values[o] for o in op.operands])
            if isinstance(copy, Input):
                bound = self.bounds.of_input(copy) or default_bound(copy)
                copy = replace(copy, bound=bound.highest, lowest=bound.lowest)
            ops.append(copy)
            values.update(zip(op.results, copy.results, strict=True))
        return Program(program.name, program.level, self.clients, tuple(ops))
