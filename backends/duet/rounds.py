"""In which rounds a program's kernels exchange their messages."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.backends import schedule
from ezprivsecfl.backends.duet.kernels import kernel_of
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program


def scheduled(program: Program) -> schedule.Schedule:
    """Every operation as early as the kernels' messages allow."""

    def steps(op: Op) -> Sequence[schedule.Step]:
        kernel = kernel_of(program, op)
        return () if kernel is None else kernel.steps

    return schedule.schedule(program, steps)
