"""The diagonal of a matrix: of a product X·Xᵀ, of all pairs of rows, it is the rows' sums of squares.

That way a norm that a program reads off the products of all pairs of clients stays each client's own.
"""

from __future__ import annotations

from ezprivsecfl.frontends.tff.ops.moves import moved
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.values import Known, Leaf, Rows, Tensor, Traced
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import MatMul, Stack, Transpose


@lowering("MatrixDiagPart", "MatrixDiagPartV2", "MatrixDiagPartV3")
def diagonal(call: Call) -> Leaf | list[Leaf]:
    """The main diagonal of a product of rows with themselves; any other one moves entries."""
    rows = _rows(call.args[0])
    others = [leaf for leaf in call.args[1:2] if not isinstance(leaf, Known) or leaf.array.any()]
    if rows is None or others:
        return moved(call)
    if isinstance(rows.value.op, Stack):
        row = Traced(rows.value.op.operands[0], batched=True)
        return Rows(call.emit.sum(call.emit.elementwise(ew.Square, row), (0,)))
    return call.emit.sum(call.emit.elementwise(ew.Square, rows), (1,))


def _rows(matrix: Tensor) -> Traced | None:
    """The matrix X of a product X·Xᵀ of the same for all clients; None if it is none."""
    if not isinstance(matrix, Traced) or matrix.batched or not isinstance(matrix.value.op, MatMul):
        return None
    first, second = matrix.value.op.operands
    if not isinstance(second.op, Transpose) or len(first.type.shape) != 2 or second.op.permutation != (1, 0):
        return None
    return Traced(first, batched=False) if _unstacked(first) is _unstacked(second.op.operands[0]) else None


def _unstacked(value: Value) -> Value:
    """What was stacked, which may have happened more than once."""
    return value.op.operands[0] if isinstance(value.op, Stack) else value
