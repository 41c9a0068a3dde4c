"""Indices that are not constant, secret ones above all: as comparisons with all indices that there are.

An index becomes a row of truth values, of which one holds (``one_hot``). Looking something up is then a product of that
row with the table, and adding something up by indices a product with the transposed matrix of such rows.
"""

from __future__ import annotations

import math

import numpy as np

from ezprivsecfl.frontends.tff.dtypes import STORED
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops.moves import moved
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering, normalised
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Known, Leaf, Tensor, Traced
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import ReduceAll
from ezprivsecfl.ir.types import DType


def one_hot(emit: Emitter, indices: Tensor, depth: int) -> Traced:
    """``[...]`` indices to ``[..., depth]`` truth values: which one each is; none of an index that does not exist."""
    column = emit.reshape(indices, (*indices.shape, 1))
    return emit.elementwise(ew.Equal, column, Known(np.arange(depth, dtype=STORED[column.dtype])))


def exists(emit: Emitter, indices: Tensor, size: int) -> Traced:
    """Whether indices are those of an axis."""
    dtype = emit.traced(indices).dtype
    not_below = emit.elementwise(ew.GreaterEqual, indices, emit.scalar(0, dtype))
    return emit.elementwise(ew.And, not_below, emit.elementwise(ew.Less, indices, emit.scalar(size, dtype)))


def where_defined(emit: Emitter, x: Traced, defined: Traced) -> Traced:
    """``x``, and no number where it is not defined: then the client is left out, or the round ends with an error.

    Args:
        emit: Adds operations to the IR.
        x: Numbers.
        defined: What must hold for them; it broadcasts to their shape.

    Raises:
        Unsupported: What is public cannot be checked like that if it is an integer.
    """
    if x.dtype.is_integer and not defined.type.is_secret:
        raise Unsupported("of integers, by a public index that is no constant; cast them to float")
    float_type = x.dtype if x.dtype.is_float else DType.F32
    flag = emit.elementwise(ew.Div, emit.scalar(0, float_type), emit.cast(defined, float_type))  # 0 / 1 or 0 / 0
    return emit.elementwise(ew.Add, x, emit.cast(flag, x.dtype))


@lowering("OneHot")
def one_hot_(call: Call) -> Leaf:
    """One value at the index, another one everywhere else; the new axis may be any."""
    indices, _, on, off = call.args
    hot = one_hot(call.emit, indices, int(call.known(1, "depth")))
    if call.emit.traced(on).dtype is DType.BOOL or not (isinstance(on, Known) and isinstance(off, Known)):
        filled = call.emit.elementwise(ew.Select, hot, on, off)
    else:
        ones = call.emit.cast(hot, call.emit.traced(on).dtype)
        step = Known(np.asarray(on.array - off.array))
        scaled = ones if step.array == 1 else call.emit.elementwise(ew.Mul, ones, step)
        filled = call.emit.elementwise(ew.Add, scaled, off) if off.array else scaled
    rank = len(indices.shape)
    (axis,) = normalised([call.attr("axis")], rank + 1)
    return call.emit.transpose(filled, (*range(axis), rank, *range(axis, rank)))


@lowering("Gather", "GatherV2")
def gather(call: Call) -> Leaf:
    """Slices along an axis: moves if the indices are constant, else products with rows of truth values."""
    if isinstance(call.args[1], Known):
        (found,) = moved(call)
        return found
    table, indices = call.args[:2]
    axis, batch = (call.axis(2, len(table.shape)), call.attr("batch_dims")) if call.op.type == "GatherV2" else (0, 0)
    batch += len(indices.shape) if batch < 0 else 0
    found = look_up(call.emit, _brought_forward(call.emit, table, axis, batch), indices, batch)
    front, rest = len(indices.shape), axis - batch
    # The axes before the one that is looked up in come first again.
    order = (*range(batch), *range(front, front + rest), *range(batch, front), *range(front + rest, len(found.shape)))
    return call.emit.transpose(found, order)


def _brought_forward(emit: Emitter, table: Tensor, axis: int, batch: int) -> Traced:
    rank = len(table.shape)
    return emit.transpose(table, (*range(batch), axis, *range(batch, axis), *range(axis + 1, rank)))


@lowering("GatherNd")
def gather_nd(call: Call) -> Leaf:
    """Slices at the places that the last axis of the indices names."""
    if isinstance(call.args[1], Known):
        (found,) = moved(call)
        return found
    table, indices = call.args
    names = indices.shape[-1]
    merged, defined = merged_indices(call.emit, indices, table.shape[:names])
    flat = call.emit.reshape(table, (math.prod(table.shape[:names]), *table.shape[names:]))
    return _checked(call.emit, look_up_unchecked(call.emit, flat, merged, 0), defined)


def look_up(emit: Emitter, table: Tensor, indices: Tensor, batch: int) -> Traced:
    """``[B, size, ...]`` entries at ``[B, ...]`` indices, with ``batch`` axes B; an index must exist."""
    defined = exists(emit, indices, table.shape[batch])
    return _checked(emit, look_up_unchecked(emit, table, indices, batch), defined)


def look_up_unchecked(emit: Emitter, table: Tensor, indices: Tensor, batch: int) -> Traced:
    """The same; 0 for an index that does not exist."""
    entries = emit.traced(table)
    if entries.dtype is DType.BOOL:
        numbers = look_up_unchecked(emit, emit.cast(entries, DType.I32), indices, batch)
        return emit.elementwise(ew.NotEqual, numbers, emit.scalar(0, DType.I32))
    front, size, inner = table.shape[:batch], table.shape[batch], table.shape[batch + 1 :]
    count, width = math.prod(indices.shape[batch:]), math.prod(inner)
    hot = emit.cast(one_hot(emit, emit.reshape(indices, (*front, count)), size), entries.dtype)
    found = emit.matmul(hot, emit.reshape(entries, (*front, size, width)))
    return emit.reshape(found, (*indices.shape, *inner))


def merged_indices(emit: Emitter, indices: Tensor, sizes: tuple[int, ...]) -> tuple[Traced, Traced]:
    """``[..., k]`` indices of k axes as ``[...]`` indices of one axis instead of these, and whether they exist."""
    traced = emit.traced(indices)
    strides = [math.prod(sizes[i + 1 :]) for i in range(len(sizes))]
    scaled = emit.elementwise(ew.Mul, traced, Known(np.asarray(strides, STORED[traced.dtype])))
    last = len(traced.shape) - 1
    limits = Known(np.asarray(sizes, STORED[traced.dtype]))
    not_below = emit.elementwise(ew.GreaterEqual, traced, emit.scalar(0, traced.dtype))
    each = emit.elementwise(ew.And, not_below, emit.elementwise(ew.Less, traced, limits))
    return emit.sum(scaled, (last,)), all_along(emit, each, last)


def all_along(emit: Emitter, conditions: Traced, axis: int) -> Traced:
    """Whether all hold along an axis."""
    return emit.reduce(ReduceAll, conditions, (axis,), keep=False)


def _checked(emit: Emitter, found: Traced, defined: Traced) -> Traced:
    if found.dtype is DType.BOOL:
        raise Unsupported("of truth values, by an index that is no constant; cast them to numbers")
    spread = (*defined.shape, *(1,) * (len(found.shape) - len(defined.shape)))
    return where_defined(emit, found, emit.reshape(defined, spread))
