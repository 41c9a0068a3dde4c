"""What depends on the order of numbers: the largest ones, sorting, places in a sorted sequence."""

from __future__ import annotations

import numpy as np

from ezprivsecfl.frontends.tff.dtypes import STORED, ir_dtype
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops.indexing import exists, look_up_unchecked
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Known, Leaf, Tensor, Traced
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.ordering import Top, TopIndices, TopValues
from ezprivsecfl.ir.types import DType


@lowering("TopK", "TopKV2")
def top_k(call: Call) -> list[Leaf]:
    """The largest numbers of every row and their positions; of equal ones the first comes first. Sorts if all are."""
    x = call.args[0]
    count = int(call.known(1, "k")) if call.op.type == "TopKV2" else call.attr("k")
    dtype = ir_dtype(call.attr("index_type").as_numpy_dtype) if call.op.type == "TopKV2" else DType.I32
    if not 0 <= count <= x.shape[-1]:
        raise Unsupported(f"of {count} of {x.shape[-1]} numbers")
    return [top(call.emit, TopValues, x, count), call.emit.cast(top(call.emit, TopIndices, x, count), dtype)]


@lowering("ArgMax")
def arg_max(call: Call) -> Leaf:
    """Where the largest number along an axis stands, or the first of them."""
    return _first(call, call.args[0])


@lowering("ArgMin")
def arg_min(call: Call) -> Leaf:
    """Where the smallest number along an axis stands, or the first of them."""
    return _first(call, call.emit.elementwise(ew.Neg, call.args[0]))


def _first(call: Call, x: Tensor) -> Traced:
    emit = call.emit
    axis, rank = call.axis(1, len(x.shape)), len(x.shape)
    if x.shape[axis] == 0:
        raise Unsupported("of no numbers")
    numbers = emit.cast(x, DType.I32) if emit.traced(x).dtype is DType.BOOL else x
    others = [i for i in range(rank) if i != axis]
    found = top(emit, TopIndices, emit.transpose(numbers, (*others, axis)), 1)
    return emit.cast(emit.reshape(found, found.shape[:-1]), ir_dtype(call.attr("output_type").as_numpy_dtype))


def top(emit: Emitter, kind: type[Top], x: Tensor, count: int) -> Tensor:
    """The largest ones along the last axis, or their positions; of 0 of them, or of no rows, there are none."""
    shape = (*x.shape[:-1], count)
    operand = emit.traced(x)
    if 0 in shape:
        dtype = operand.dtype if kind is TopValues else DType.I32
        return Known(np.zeros(shape, STORED[dtype]))
    return Traced(emit.builder.add(kind, operand.value, count=count), operand.batched)


@lowering("InTopK", "InTopKV2")
def in_top_k(call: Call) -> Leaf:
    """Whether fewer than k numbers of a row are larger than that of its target; False for a target that is none."""
    emit, (predictions, targets) = call.emit, call.args[:2]
    k = int(call.known(2, "k")) if call.op.type == "InTopKV2" else call.attr("k")
    own = look_up_unchecked(emit, predictions, emit.reshape(targets, (*targets.shape, 1)), 1)
    larger = emit.sum(emit.cast(emit.elementwise(ew.Greater, predictions, own), DType.I32), (1,))
    few = emit.elementwise(ew.Less, larger, emit.scalar(k, DType.I32))
    return emit.elementwise(ew.And, few, exists(emit, targets, predictions.shape[1]))


@lowering("LowerBound")
def lower_bound(call: Call) -> Leaf:
    """How many numbers of a sorted row are below each value."""
    return _place(call, ew.Less)


@lowering("UpperBound")
def upper_bound(call: Call) -> Leaf:
    """How many numbers of a sorted row are not above each value."""
    return _place(call, ew.LessEqual)


def _place(call: Call, relation: type[ew.Compare]) -> Traced:
    ascending, values = call.args
    if isinstance(ascending, Known) and np.any(np.diff(ascending.array, axis=-1) < 0):
        raise Unsupported("in a sequence that is not sorted")
    row = call.emit.reshape(ascending, (ascending.shape[0], 1, ascending.shape[1]))
    return _count(call, relation, row, values, ir_dtype(call.attr("out_type").as_numpy_dtype))


@lowering("Bucketize")
def bucketize(call: Call) -> Leaf:
    """How many boundaries are not above each value."""
    (values,) = call.args
    dtype = call.emit.traced(values).dtype
    boundaries = np.asarray(call.attr("boundaries"), np.float32)
    if dtype.is_integer:
        boundaries = np.ceil(boundaries)
    return _count(call, ew.LessEqual, Known(boundaries.astype(STORED[dtype])), values, DType.I32)


def _count(call: Call, relation: type[ew.Compare], row: Tensor, values: Tensor, dtype: DType) -> Traced:
    emit = call.emit
    column = emit.reshape(values, (*values.shape, 1))
    return emit.sum(emit.cast(emit.elementwise(relation, row, column), dtype), (len(values.shape),))
