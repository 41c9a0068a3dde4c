"""Gives every input the bound that the range analysis starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.types import DType


@dataclass(frozen=True)
class DeclareBounds:
    """Sets ``max_clients`` and every input's bound.

    Example of ``DeclareBounds(30, ParameterBounds())``::

        program @bounds tensor {
          %0 = input {path = "x", placement = clients, bound = none, type = secret<f32[n, 3]>}
          %1 = input {path = "count", placement = clients, bound = none, type = secret<i32[n]>}
          %2 = sum %0 {axes = [0]} : secret<f32[3]>
          %3 = sum %1 {axes = [0]} : secret<i32[]>
          output %2 {path = "sum"}
          output %3 {path = "total"}
        }

    becomes::

        program @bounds (clients <= 30) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = input {path = "count", placement = clients, bound = 1048576.0, type = secret<i32[n]>, lowest = 0.0}
          %2 = sum %0 {axes = [0]} : secret<f32[3]>
          %3 = sum %1 {axes = [0]} : secret<i32[]>
          output %2 {path = "sum"}
          output %3 {path = "total"}
        }

    With ``NormBounds()`` an input of clients of more than 8 entries gets the L2 norm that they prove of it, too.

    Args:
        clients: The largest number of clients of a round.
        bounds: As declared; inputs that none of them covers get their default, and so do truth values.
        norms: As declared; those of other inputs follow from their bounds. None: clients prove nothing.
    """

    level = Level.TENSOR

    clients: int
    bounds: ParameterBounds
    norms: NormBounds | None = None

    def run(self, program: Program) -> Program:
        """Returns the program with bounds; raises CompileError for one that fits no parameter, or no truth value."""
        if self.clients < 2:
            raise CompileError(
                f"clients must be at least 2, not {self.clients}: with one client the aggregate is that client's value"
            )
        unused = self.bounds.unused([program])
        if unused:
            known = ", ".join(sorted(op.path for op in program.of(Input)))
            raise CompileError(f"--bound names no parameter of {program.name}: {', '.join(unused)}; it has {known}")
        if self.norms is not None:
            self.norms.check(program)
        return rewrite(replace(program, max_clients=self.clients), self._bounded)

    def _bounded(self, b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
        if not isinstance(op, Input):
            return None
        bound = self.bounds.bound(op, truth=op.type.dtype is DType.BOOL)
        norm = None if self.norms is None else self.norms.norm(op, bound.highest)
        return b.append(replace(op, bound=bound.highest, lowest=bound.lowest, norm=norm)).result
