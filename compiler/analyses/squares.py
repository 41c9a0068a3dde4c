"""Which products are squares: the same entries multiplied with themselves, position by position."""

from __future__ import annotations

from ezprivsecfl.compiler.analyses.terms import entries
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st


def is_square(op: Op) -> bool:
    """Whether an operation multiplies every entry by itself."""
    if isinstance(op, ew.Mul):
        x, y = op.operands
        return x.type.shape == y.type.shape and entries(x) == entries(y)
    return isinstance(op, ew.Square)


def is_row_times_itself(op: Op) -> bool:
    """Whether a matrix product is that of rows ``[..., 1, k]`` with the same rows as columns: sums of squares."""
    if not isinstance(op, st.MatMul):
        return False
    a, b = op.operands
    row = a.type.shape
    return row[-2] == 1 and b.type.shape == (*row[:-2], row[-1], 1) and entries(a) == entries(b)
