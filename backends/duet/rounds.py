"""In which rounds a program's kernels exchange their messages."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.backends.duet.kernels import kernel_of
from ezprivsecfl.backends.duet.schedule import Schedule, Step, schedule
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program


def scheduled(program: Program) -> Schedule:
    """Every operation as early as the kernels' messages allow."""

    def steps(op: Op) -> Sequence[Step]:
        kernel = kernel_of(program, op)
        return () if kernel is None else kernel.steps

    return schedule(program, steps)
