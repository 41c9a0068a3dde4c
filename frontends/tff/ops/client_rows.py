"""Tensors that have the values of all clients as rows, which folds by concatenation make: see ``folds.py``.

One client's row is lifted over the clients axis as usual. So an element-wise operation on all rows is one on a client's
row, and what reduces over the rows reduces over the clients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.frontends.tff.dtypes import ir_dtype
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops import arithmetic, comparisons, reductions
from ezprivsecfl.frontends.tff.ops.registry import LOWERINGS, Call, Lowering, normalised
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import BROKEN, Broken, Known, Leaf, Rows, Traced
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import Reduction, Sum

ELEMENTWISE = {
    *arithmetic.DIRECT,
    *comparisons.DIRECT,
    "Cast",
    "ClipByValue",
    "Identity",
    "Pow",
    "RealDiv",
    "SelectV2",
    "SquaredDifference",
    "StopGradient",
}
"""Operations that treat every row alike."""


def on_rows(call: Call) -> Leaf | Sequence[Leaf]:
    """The lowering of an operation that takes the values of all clients as rows."""
    name = call.op.type
    if any(isinstance(leaf, Broken) and not isinstance(leaf, Rows) for leaf in call.leaves):
        return BROKEN
    if name == "ConcatV2":
        return _appended(call)
    if any(isinstance(leaf, Rows) and leaf.row is None for leaf in call.leaves):
        raise Unsupported("of the values of the clients before; a fold can only append to them")
    if name in ELEMENTWISE:
        return _row_by_row(call)
    if name in reductions.DIRECT:
        return _reduced(call, reductions.DIRECT[name])
    if name in ON_ROWS:
        return ON_ROWS[name](call)
    raise Unsupported("of the values of all clients; only element-wise operations and reductions can take them")


def _appended(call: Call) -> Leaf:
    """The accumulator of the clients before, and the row of one more."""
    before, *after = call.leaves[:-1]
    rank = len(call.op.inputs[1].shape)
    if not isinstance(before, Rows) or before.row is not None or len(after) > 1 or call.axis(2, rank) != 0:
        raise Unsupported("of the values of all clients; a fold can only append one row to those before, along axis 0")
    (added,) = after
    if isinstance(added, Broken) or added.shape[0] != 1:
        raise Unsupported("appends more than one row for a client")
    return Rows(call.emit.lift(call.emit.reshape(added, added.shape[1:])))


def _row_by_row(call: Call) -> Leaf | Sequence[Leaf]:
    rows = [leaf.row for leaf in call.leaves if isinstance(leaf, Rows) and leaf.row is not None]
    rank = len(rows[0].shape) + 1
    if any(len(row.shape) + 1 != rank for row in rows):
        raise Unsupported("of tensors of different rank that both have one row for each client")
    leaves = [_beside(call.emit, leaf, rank) for leaf in call.leaves]
    results = LOWERINGS[call.op.type](Call(call.op, leaves, call.emit, call.function))
    every = results if isinstance(results, Sequence) else [results]
    return [Rows(one) if isinstance(one, Traced) else one for one in every]


def _beside(emit: Emitter, leaf: Leaf, rank: int) -> Leaf:
    """An operand as one row sees it: without the axis of the rows, along which it has one element."""
    if isinstance(leaf, Rows):
        assert leaf.row is not None
        return leaf.row
    if isinstance(leaf, Broken) or len(leaf.shape) < rank:
        return leaf
    if len(leaf.shape) > rank or leaf.shape[0] != 1:
        raise Unsupported("of the values of all clients and a tensor that has another number of rows")
    return emit.reshape(leaf, leaf.shape[1:])


def _reduced(call: Call, kind: type[Reduction] | type[Sum]) -> Leaf:
    row, axes, keep = _row(call), _axes(call), bool(call.attr("keep_dims"))
    reduced = call.emit.reduce(kind, row, [axis - 1 for axis in axes if axis > 0], keep=keep)
    if 0 not in axes:
        return Rows(reduced)
    if issubclass(kind, Reduction):
        over = call.emit.reduce_over_clients(kind, reduced)
    else:
        over = call.emit.sum_over_clients(reduced)
    return call.emit.reshape(over, (1, *over.shape)) if keep else over


def _mean(call: Call) -> Leaf:
    row, axes = _row(call), _axes(call)
    if not row.dtype.is_float:
        raise Unsupported("of integers; cast them to float first")
    total = _reduced(call, Sum)
    each = call.emit.scalar(1 / math.prod(row.shape[axis - 1] for axis in axes if axis > 0), row.dtype)
    if isinstance(total, Rows):
        assert total.row is not None
        return Rows(call.emit.elementwise(ew.Mul, total.row, each))
    assert isinstance(total, Traced)
    mean = call.emit.elementwise(ew.Div, total, call.emit.clients(row.dtype))
    return mean if each.array == 1 else call.emit.elementwise(ew.Mul, mean, each)


def _squeezed(call: Call) -> Leaf:
    row, dims = _row(call), call.attr("squeeze_dims")
    axes = normalised(dims, len(row.shape) + 1)
    if not dims or 0 in axes:
        raise Unsupported("of the values of all clients without axes, or with the axis of the clients")
    return Rows(call.emit.reshape(row, tuple(d for i, d in enumerate(row.shape, 1) if i not in axes)))


def _shape(call: Call) -> Leaf:
    """The number of clients, and the shape of one client's row."""
    row, dtype = _row(call), call.op.outputs[0].dtype.as_numpy_dtype
    number = call.emit.reshape(call.emit.clients(ir_dtype(dtype)), (1,))
    return call.emit.concat([number, Known(np.array(row.shape, dtype))], 0)


def _row(call: Call) -> Traced:
    rows = call.leaves[0]
    assert isinstance(rows, Rows)
    assert rows.row is not None
    return rows.row


def _axes(call: Call) -> tuple[int, ...]:
    return normalised(call.integers(1, "axes"), len(_row(call).shape) + 1)


ON_ROWS: dict[str, Lowering] = {
    "Mean": _mean,
    "Shape": _shape,
    "Squeeze": _squeezed,
}
"""What else can be done to all clients' rows."""
