"""Tensors that have the values of all clients as rows, which folds by concatenation make: see ``folds.py``.

One client's row is lifted over the clients axis as usual. So an element-wise operation on all rows is one on a client's
row, and what reduces over the rows reduces over the clients: that is done for any number of clients, and of each client
apart it is known what it is to blame for.

Whatever else is done to rows compares clients with each other, and takes them as a tensor like any other, of which the
first axis has one entry for each client. For that the number of clients must be known: the program is traced for
exactly that number (``specialising.py``). What has one entry for each client is the clients' again where it meets rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ezprivsecfl.frontends.tff.dtypes import ir_dtype
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops import arithmetic, comparisons, reductions
from ezprivsecfl.frontends.tff.ops.registry import LOWERINGS, Call, Lowering, normalised
from ezprivsecfl.frontends.tff.ops.slicing import indices_of, sliced
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import BROKEN, Broken, Known, Leaf, Rows, Traced
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import Reduction, Stack, Sum, View

ELEMENTWISE = {
    *arithmetic.DIRECT,
    *comparisons.DIRECT,
    "Cast",
    "ClipByValue",
    "DivNoNan",
    "Identity",
    "Pow",
    "RealDiv",
    "SelectV2",
    "SquaredDifference",
    "StopGradient",
}
"""Operations that treat every row alike."""

STACKED = "of the values of all clients, for a number of clients that is not known"


class OtherRows(Exception):  # noqa: N818 - no error: another way is taken
    """An operation does not treat rows one by one."""


def on_rows(call: Call) -> Leaf | Sequence[Leaf]:
    """The lowering of an operation that takes the values of all clients as rows."""
    name = call.op.type
    if any(isinstance(leaf, Broken) and not isinstance(leaf, Rows) for leaf in call.leaves):
        return BROKEN
    before = any(isinstance(leaf, Rows) and leaf.row is None for leaf in call.leaves)
    if name == "ConcatV2" and before:
        return _appended(call)
    if before:
        raise Unsupported("of the values of the clients before; a fold can only append to them")
    if any(isinstance(leaf, Traced) and leaf.batched for leaf in call.leaves):
        raise Unsupported("of the values of all clients, at a single one of them")
    try:
        if name in ELEMENTWISE:
            return _row_by_row(call)
        if name in reductions.DIRECT:
            return _reduced(call, reductions.DIRECT[name])
        if name in ON_ROWS:
            return ON_ROWS[name](call)
    except OtherRows:
        pass
    return _stacked(call)


def stacked(emit: Emitter, leaf: Leaf) -> Leaf:
    """All clients' rows as a tensor like any other; anything else as it is.

    Raises:
        Unsupported: The number of clients is not known.
    """
    if not isinstance(leaf, Rows) or leaf.row is None:
        return leaf
    if emit.number is None:
        raise Unsupported(STACKED)
    return emit.stack(leaf.row)


def _stacked(call: Call) -> Leaf | Sequence[Leaf]:
    """The operation as if its operands were no clients' rows."""
    if call.op.type not in LOWERINGS:
        raise Unsupported("not supported")
    return LOWERINGS[call.op.type](replace(call, leaves=[stacked(call.emit, leaf) for leaf in call.leaves]))


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
    rank = max(_rank(leaf) for leaf in call.leaves)
    leaves = [_beside(call.emit, leaf, rank) for leaf in call.leaves]
    results = LOWERINGS[call.op.type](replace(call, leaves=leaves))
    every = results if isinstance(results, Sequence) else [results]
    return [Rows(one) if isinstance(one, Traced) else one for one in every]


def _rank(leaf: Leaf) -> int:
    """How many axes TensorFlow sees."""
    if isinstance(leaf, Rows):
        return 1 + len(_row_of(leaf).shape)
    return 0 if isinstance(leaf, Broken) else len(leaf.shape)


def _beside(emit: Emitter, leaf: Leaf, rank: int) -> Leaf:
    """An operand as one row sees it: without the axis of the rows, along which it has one element, or each its own."""
    if isinstance(leaf, Rows):
        if _rank(leaf) < rank:
            raise OtherRows  # its rows stand along another axis of the result
        return _row_of(leaf)
    if isinstance(leaf, Broken) or len(leaf.shape) < rank:
        return leaf
    if leaf.shape[0] == 1 and not _has_all_rows(leaf):
        return emit.reshape(leaf, leaf.shape[1:])
    if isinstance(leaf, Known) or not leaf.type.is_secret or leaf.shape[0] != emit.number:
        raise OtherRows
    return emit.unstack(leaf)


def _has_all_rows(leaf: Known | Traced) -> bool:
    """Whether a tensor has all clients' rows along another axis: then pairs of clients are compared."""
    value = leaf.value if isinstance(leaf, Traced) else None
    while value is not None and isinstance(value.op, View):
        if isinstance(value.op, Stack):
            return True
        (value,) = value.op.operands
    return False


def _reduced(call: Call, kind: type[Reduction] | type[Sum]) -> Leaf:
    row, axes, keep = _row(call), _axes(call), bool(call.attr("keep_dims"))
    if 0 in axes and issubclass(kind, Reduction) and call.emit.number is not None:
        raise OtherRows  # of a known number of values, comparisons can be a tree
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


def _euclidean_norm(call: Call) -> Leaf:
    if 0 in _axes(call):
        raise OtherRows
    return _of_row(call)


def _squeezed(call: Call) -> Leaf:
    row, dims = _row(call), call.attr("squeeze_dims")
    axes = normalised(dims, len(row.shape) + 1)
    if not dims or 0 in axes:
        raise OtherRows
    return Rows(call.emit.reshape(row, tuple(d for i, d in enumerate(row.shape, 1) if i not in axes)))


def _expanded(call: Call) -> Leaf:
    row = _row(call)
    axis = call.axis(1, len(row.shape) + 2)
    if axis == 0:
        raise OtherRows
    return Rows(call.emit.reshape(row, (*row.shape[: axis - 1], 1, *row.shape[axis - 1 :])))


def _reshaped(call: Call) -> Leaf:
    """A new shape that begins with the number of clients, or a -1 that stands for it, is one of every row."""
    row, shape = _row(call), call.leaves[1]
    if not isinstance(shape, Known) or shape.shape == (0,):
        raise OtherRows
    first, *rest = call.integers(1, "shape")
    entries = math.prod(row.shape)
    if -1 in rest:
        known = math.prod(d for d in rest if d != -1)
        rest = [entries // max(known, 1) if d == -1 else d for d in rest]
    if first not in (-1, call.emit.number) or math.prod(rest) != entries:
        raise OtherRows
    return Rows(call.emit.reshape(row, tuple(rest)))


def _transposed(call: Call) -> Leaf:
    first, *rest = (axis % _rank(call.leaves[0]) for axis in call.integers(1, "permutation"))
    if first != 0:
        raise OtherRows
    return Rows(call.emit.transpose(_row(call), [axis - 1 for axis in rest]))


def _gathered(call: Call) -> Leaf:
    """Entries at constant indices of another axis than the rows', the same of each row."""
    row, (_, indices, where) = _row(call), call.leaves
    axis = call.axis(2, len(row.shape) + 1)
    if axis == 0 or not isinstance(indices, Known) or not isinstance(where, Known) or call.attr("batch_dims"):
        raise OtherRows
    results = LOWERINGS["GatherV2"](replace(call, leaves=[row, indices, Known(np.full_like(where.array, axis - 1))]))
    assert isinstance(results, Traced)
    return Rows(results)


def _sliced(call: Call) -> Leaf:
    """Where all rows are taken, the same part of each."""
    first, *rest = indices_of(call)
    if first is ...:
        rest = [first, *rest]
    elif first not in (slice(None, None, 1), slice(0, None, 1)):
        raise OtherRows
    return Rows(sliced(call.emit, _row(call), rest))


def _multiplied(call: Call) -> Leaf:
    """Every row with a matrix, or a sum over clients."""
    flipped = [
        call.attr(name) for name in (("transpose_a", "transpose_b") if call.op.type == "MatMul" else ("adj_x", "adj_y"))
    ]
    a, b = call.leaves
    if any(_rank(leaf) != 2 for leaf in (a, b)):
        raise OtherRows
    if isinstance(a, Rows) and not flipped[0] and not isinstance(b, Broken) and not _has_all_rows(b):
        row = _row_of(a)
        matrix = call.emit.transpose(b, (1, 0)) if flipped[1] else b
        product = call.emit.matmul(call.emit.reshape(row, (1, *row.shape)), matrix)
        return Rows(call.emit.reshape(product, product.shape[1:]))
    if (isinstance(a, Rows) and not flipped[0]) or (isinstance(b, Rows) and flipped[1]):
        raise OtherRows
    # Both matrices with one row for each client: aᵀ·b.
    first, second = _columns(call.emit, a, flipped[0]), _columns(call.emit, b, not flipped[1])
    return call.emit.matmul_over_clients(first, second)


def _columns(emit: Emitter, leaf: Leaf, has_rows: bool) -> Traced:
    """A matrix, or its transpose, as one row for each client."""
    if isinstance(leaf, Rows):
        return _row_of(leaf)
    if not isinstance(leaf, Traced) or not leaf.type.is_secret:
        raise OtherRows
    matrix = leaf if has_rows else emit.transpose(leaf, (1, 0))
    if matrix.shape[0] != emit.number:
        raise OtherRows
    return emit.unstack(matrix)


def _shape(call: Call) -> Leaf:
    """The number of clients, and the shape of one client's row."""
    row, dtype = _row(call), call.op.outputs[0].dtype.as_numpy_dtype
    if call.emit.number is not None:
        return Known(np.array((call.emit.number, *row.shape), dtype))
    number = call.emit.reshape(call.emit.clients(ir_dtype(dtype)), (1,))
    return call.emit.concat([number, Known(np.array(row.shape, dtype))], 0)


def _of_row(call: Call) -> Leaf:
    """The same of every row, of an operation whose second operand are axes."""
    axes = np.array([axis - 1 for axis in _axes(call)])
    results = LOWERINGS[call.op.type](replace(call, leaves=[_row(call), Known(axes)]))
    assert isinstance(results, Traced)
    return Rows(results)


def _row(call: Call) -> Traced:
    rows = call.leaves[0]
    if not isinstance(rows, Rows):
        raise OtherRows
    return _row_of(rows)


def _row_of(rows: Rows) -> Traced:
    assert rows.row is not None
    return rows.row


def _axes(call: Call) -> tuple[int, ...]:
    return normalised(call.integers(1, "axes"), len(_row(call).shape) + 1)


ON_ROWS: dict[str, Lowering] = {
    "BatchMatMul": _multiplied,
    "BatchMatMulV2": _multiplied,
    "BatchMatMulV3": _multiplied,
    "EuclideanNorm": _euclidean_norm,
    "ExpandDims": _expanded,
    "GatherV2": _gathered,
    "MatMul": _multiplied,
    "Mean": _mean,
    "Reshape": _reshaped,
    "Shape": _shape,
    "Squeeze": _squeezed,
    "StridedSlice": _sliced,
    "Transpose": _transposed,
}
"""What else can be done to all clients' rows one by one."""
