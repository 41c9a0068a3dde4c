"""Gives every input the bound that the range analysis starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.mpc.fixed_point import EXACT
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement

TENSOR_BOUND = 8.0
"""Default for entries of float tensors: model updates."""

SCALAR_BOUND = float(1 << 20)
"""Default for scalars (example counts, losses) and integers."""


@dataclass(frozen=True)
class DeclareBounds:
    """Sets ``max_clients`` and every input's bound.

    Args:
        clients: The largest number of clients of a round.
        bounds: Declared bounds by parameter path or by a prefix of it; ``""`` stands for all CLIENTS parameters.
    """

    clients: int
    bounds: Mapping[str, float]

    def run(self, program: Program) -> Program:
        """Returns the program with bounds; raises CompileError for a bound that fits no parameter."""
        if self.clients < 2:
            raise CompileError(
                f"clients must be at least 2, not {self.clients}: with one client the aggregate is that client's value"
            )
        unused = {key for key in self.bounds if key}
        values: dict[Value, Value] = {}
        ops: list[Op] = []
        for op in program.ops:
            copy = op.rebuild([values[o] for o in op.operands])
            if isinstance(copy, Input):
                key = _declared(copy.path, self.bounds, clients=copy.placement is Placement.CLIENTS)
                unused.discard(key or "")
                bound = _default(copy) if key is None else float(self.bounds[key])
                if not 0 < bound <= EXACT:
                    raise CompileError(
                        f"--bound {key}={bound:g}: a bound must be positive and at most 2^53", [op.location]
                    )
                copy = replace(copy, bound=bound)
            ops.append(copy)
            values.update(zip(op.results, copy.results, strict=True))
        if unused:
            known = ", ".join(sorted(op.path for op in program.of(Input)))
            raise CompileError(
                f"--bound names no parameter of {program.name}: {', '.join(sorted(unused))}; it has {known}"
            )
        return Program(program.name, program.level, self.clients, tuple(ops))


def _declared(path: str, bounds: Mapping[str, float], *, clients: bool) -> str | None:
    """The most specific key that covers ``path``."""
    parts = path.split("/")
    for length in range(len(parts), 0, -1):
        prefix = "/".join(parts[:length])
        if prefix in bounds:
            return prefix
    return "" if clients and "" in bounds else None


def _default(op: Input) -> float:
    at_clients = op.placement is Placement.CLIENTS
    scalar = len(op.type.shape) == (1 if at_clients else 0)
    return TENSOR_BOUND if op.type.dtype.is_float and not scalar else SCALAR_BOUND
