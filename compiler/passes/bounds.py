"""Gives every input the bound that the range analysis starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ezprivsecfl.compiler.options import Bound, Declared
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.types import DType

TENSOR_BOUND = Bound(8.0)
"""Default for entries of float tensors: model updates."""

SCALAR_BOUND = Bound(float(1 << 20))
"""Default for integers, and for scalars of the server."""

COUNT_BOUND = Bound(float(1 << 20), 0.0)
"""Default for scalars of clients: weights, example counts, losses."""


@dataclass(frozen=True)
class DeclareBounds:
    """Sets ``max_clients`` and every input's bound.

    Example of ``DeclareBounds(30, {})``::

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

    Args:
        clients: The largest number of clients of a round.
        bounds: Declared bounds by parameter path or by a prefix of it; ``""`` stands for all CLIENTS parameters.
    """

    level = Level.TENSOR

    clients: int
    bounds: Mapping[str, Declared]

    def run(self, program: Program) -> Program:
        """Returns the program with bounds; raises CompileError for a bound that fits no parameter."""
        if self.clients < 2:
            raise CompileError(
                f"clients must be at least 2, not {self.clients}: with one client the aggregate is that client's value"
            )
        unused = sorted(set(self.bounds) - set(fitting(self.bounds, program)))
        if unused:
            known = ", ".join(sorted(op.path for op in program.of(Input)))
            raise CompileError(f"--bound names no parameter of {program.name}: {', '.join(unused)}; it has {known}")
        return rewrite(replace(program, max_clients=self.clients), self._bounded)

    def _bounded(self, b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
        if not isinstance(op, Input):
            return None
        bound = declared_bound(op, self.bounds) or default_bound(op)
        return b.append(replace(op, bound=bound.highest, lowest=bound.lowest)).result


def declared_bound(op: Input, bounds: Mapping[str, Declared]) -> Bound | None:
    """The bound of the most specific key that covers an input; None if there is none.

    Raises:
        CompileError: It is no bound.
    """
    parts = op.path.split("/")
    keys = ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]
    key = next((k for k in keys if k in bounds), "")
    if key not in bounds or (not key and op.placement is not Placement.CLIENTS):
        return None
    try:
        return Bound.of(bounds[key])
    except CompileError as e:
        raise CompileError(f"--bound{f' of {key}' if key else ''}: {e}", [op.location]) from None


def default_bound(op: Input) -> Bound:
    """What is assumed of an input that no bound is declared for."""
    at_clients = op.placement is Placement.CLIENTS
    scalar = len(op.type.shape) == (1 if at_clients else 0)
    if scalar and at_clients and op.type.dtype is not DType.BOOL:
        return COUNT_BOUND
    return TENSOR_BOUND if op.type.dtype.is_float and not scalar else SCALAR_BOUND


def fitting(bounds: Mapping[str, Declared], program: Program) -> dict[str, Declared]:
    """The declared bounds that name a parameter of this program, or all of them."""
    paths = [op.path for op in program.of(Input)]
    return {k: v for k, v in bounds.items() if not k or any(p == k or p.startswith(f"{k}/") for p in paths)}
