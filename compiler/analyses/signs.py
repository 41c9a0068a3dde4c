"""Which values cannot be negative, not even by a rounding: so that circuits need no sign for them.

Ranges speak of real numbers. Here only structure counts, since shares are exact: squares and their sums, roots,
rectified values, sums and products of such.
"""

from __future__ import annotations

import numpy as np

from ezprivsecfl.compiler.analyses.squares import is_row_times_itself, is_square
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Constant, TensorOp
from ezprivsecfl.ir.tensor import structure as st


def non_negative(program: Program) -> set[Value]:
    """The values of a tensor program that are never negative."""
    found: set[Value] = set()
    for op in program.ops:
        if op.results and _is_non_negative(op, found):
            found.update(op.results)
    return found


def _is_non_negative(op: Op, found: set[Value]) -> bool:
    known = [o in found for o in op.operands]
    if isinstance(op, Constant):
        return bool(np.all(op.value >= 0))
    if is_square(op) or (isinstance(op, st.MatMul) and is_row_times_itself(op)):
        return True
    assert isinstance(op, TensorOp)
    return op.non_negative.given(known)
