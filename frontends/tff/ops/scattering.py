"""Sums by indices: each entry of the result adds up those operands that have its index.

That is a product with a matrix of zeros and ones (or of weights): a public one if the indices are constant, which
TensorFlow itself tells, or else one of comparisons.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ezprivsecfl.frontends.tff.dtypes import STORED, ir_dtype
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.folding import fold
from ezprivsecfl.frontends.tff.ops.constants import constant_integer
from ezprivsecfl.frontends.tff.ops.indexing import all_along, merged_indices, one_hot, where_defined
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Known, Leaf, Tensor, Traced
from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import ReduceAny
from ezprivsecfl.ir.types import DType

MAX_MATRIX = 1 << 22
"""Entries of a public matrix at most, by which rows are added up."""


@lowering("SegmentMean", "SegmentSum", "SparseSegmentSum")
def segments(call: Call) -> Leaf:
    """Sums or means of rows with the same, constant, segment."""
    data, ids = call.args[0], call.known(1, "segment ids")
    (matrix,) = fold(call.op, [_units(ids.shape), ids], {"T": np.dtype(np.float64)})
    return _product(call.emit, matrix, data, ids.shape)


@lowering("UnsortedSegmentSum")
def unsorted_segments(call: Call) -> Leaf:
    """Sums of rows with the same segment; negative ones are left out."""
    data, ids, _ = call.args
    count = constant_integer(call, 2, "number of segments")
    if isinstance(ids, Known):
        sizes = np.asarray(count, np.int32)
        dtypes: dict[str, np.dtype[Any]] = {
            "T": np.dtype(np.float64),
            "Tnumsegments": np.dtype(np.int32),
            "Tindices": ids.array.dtype,
        }
        (matrix,) = fold(call.op, [_units(ids.shape), ids.array, sizes], dtypes)
        return _product(call.emit, matrix, data, ids.shape)
    summed = _summed(call.emit, one_hot(call.emit, ids, count), data)
    limit = call.emit.scalar(count, call.emit.traced(ids).dtype)
    return _if_all(call.emit, summed, call.emit.elementwise(ew.Less, ids, limit))


@lowering("ScatterNd")
def scatter(call: Call) -> Leaf:
    """Adds updates up in a tensor of zeros."""
    return scattered(call, call.args[0], call.args[1], call.integers(2, "shape"))


@lowering("TensorScatterAdd")
def scatter_add(call: Call) -> Leaf:
    """Adds updates to some entries."""
    x, indices, updates = call.args
    return call.emit.elementwise(ew.Add, x, scattered(call, indices, updates, x.shape))


@lowering("TensorScatterSub")
def scatter_subtract(call: Call) -> Leaf:
    """Subtracts updates from some entries."""
    x, indices, updates = call.args
    return call.emit.elementwise(ew.Sub, x, scattered(call, indices, updates, x.shape))


def scattered(call: Call, indices: Tensor, updates: Tensor, shape: tuple[int, ...]) -> Traced:
    """A tensor of zeros to which updates are added where the last axis of the indices says."""
    named = shape[: indices.shape[-1]]
    if isinstance(indices, Known):
        inside = (indices.array >= 0) & (indices.array < named)
        if not np.all(inside):
            raise Unsupported(f"with an index outside of shape {list(named)}")
        places = indices.array @ np.asarray([math.prod(named[i + 1 :]) for i in range(len(named))], np.int64)
        matrix = (np.arange(math.prod(named))[:, None] == places.reshape(1, -1)).astype(np.float64)
        summed = _product(call.emit, matrix, updates, indices.shape[:-1])
    else:
        merged, defined = merged_indices(call.emit, indices, named)
        hot = one_hot(call.emit, merged, math.prod(named))
        summed = _if_all(call.emit, _summed(call.emit, hot, updates), defined)
    return call.emit.reshape(summed, shape)


@lowering("Bincount")
def bincount(call: Call) -> Leaf:
    """How often each number up to a size occurs, or the sum of weights; larger ones do not count."""
    numbers, _, weights = call.args
    flat = call.emit.reshape(numbers, (math.prod(numbers.shape),))
    return _counted(call, flat, constant_integer(call, 1, "size"), weights, binary=False)


@lowering("DenseBincount")
def dense_bincount(call: Call) -> Leaf:
    """The same, or for each row whether a number occurs at all."""
    numbers, _, weights = call.args
    return _counted(call, numbers, constant_integer(call, 1, "size"), weights, binary=call.attr("binary_output"))


def _counted(call: Call, numbers: Tensor, size: int, weights: Tensor, *, binary: bool) -> Traced:
    emit, dtype = call.emit, ir_dtype(call.attr("T").as_numpy_dtype)
    hot = one_hot(emit, numbers, size)
    rows = len(numbers.shape) - 1
    if binary:
        counted = emit.cast(emit.reduce(ReduceAny, hot, (rows,), keep=False), dtype)
    elif math.prod(weights.shape):
        row = emit.reshape(weights, (*numbers.shape[:-1], 1, numbers.shape[-1]))
        counted = emit.reshape(emit.matmul(row, emit.cast(hot, dtype)), (*numbers.shape[:-1], size))
    else:
        counted = emit.sum(emit.cast(hot, dtype), (rows,))
    zero = emit.scalar(0, emit.traced(numbers).dtype)
    return _if_all(emit, counted, emit.elementwise(ew.GreaterEqual, numbers, zero))


@lowering("HistogramFixedWidth")
def histogram(call: Call) -> Leaf:
    """How many numbers are in each of some equal parts of a range; those beyond it count for its ends.

    How many there are from each edge on is found by comparisons; the differences of these counts are the histogram.
    """
    emit, (values, limits, _) = call.emit, call.args
    bins, dtype = int(call.known(2, "number of bins")), ir_dtype(call.attr("dtype").as_numpy_dtype)
    if bins < 1:
        raise Unsupported("with no bins")
    if emit.traced(values).dtype.is_integer:
        values, limits = (emit.cast(x, DType.F64) for x in (values, limits))
    ends = [emit.reshape(emit.slice(limits, (i,), (1,), (1,)), ()) for i in range(2)]
    parts = Known((np.arange(1, bins) / bins).astype(STORED[ends[0].dtype]))
    edges = emit.elementwise(
        ew.Add, emit.elementwise(ew.Mul, emit.elementwise(ew.Sub, ends[1], ends[0]), parts), ends[0]
    )
    column = emit.reshape(values, (math.prod(values.shape), 1))
    reached = emit.sum(emit.cast(emit.elementwise(ew.GreaterEqual, column, edges), dtype), (0,))
    whole = Known(np.full(1, math.prod(values.shape), STORED[dtype]))
    none = Known(np.zeros(1, STORED[dtype]))
    return emit.elementwise(ew.Sub, emit.concat([whole, reached], 0), emit.concat([reached, none], 0))


def _units(shape: tuple[int, ...]) -> Array:
    """Unit vectors in a tensor of that shape: what a linear operation makes of them is its matrix."""
    count = math.prod(shape)
    return np.eye(count).reshape(*shape, count)


def _product(emit: Emitter, matrix: Array, data: Tensor, front: tuple[int, ...]) -> Traced:
    """The product of a public matrix and the rows of a tensor, which its first axes count."""
    x = emit.traced(data)
    if matrix.size > MAX_MATRIX:
        raise Unsupported(f"of {matrix.shape[1]} rows to {matrix.shape[0]}: more than {MAX_MATRIX} pairs")
    inner = x.shape[len(front) :]
    rows = emit.reshape(x, (math.prod(front), math.prod(inner)))
    product = emit.matmul(Known(matrix.astype(STORED[x.dtype])), rows)
    return emit.reshape(product, (matrix.shape[0], *inner))


def _summed(emit: Emitter, hot: Traced, data: Tensor) -> Traced:
    """Rows of a tensor added up where a row of truth values says: ``[F, size]`` and ``[F, ...]`` to ``[size, ...]``."""
    x = emit.traced(data)
    *front, size = hot.shape
    inner = x.shape[len(front) :]
    count = math.prod(front)
    matrix = emit.transpose(emit.reshape(emit.cast(hot, x.dtype), (count, size)), (1, 0))
    product = emit.matmul(matrix, emit.reshape(x, (count, math.prod(inner))))
    return emit.reshape(product, (size, *inner))


def _if_all(emit: Emitter, x: Traced, conditions: Traced) -> Traced:
    """``x`` if all conditions hold, which is no number otherwise."""
    flat = emit.reshape(conditions, (math.prod(conditions.shape),))
    return where_defined(emit, x, all_along(emit, flat, 0)) if flat.shape[0] else x
