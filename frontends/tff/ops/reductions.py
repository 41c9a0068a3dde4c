"""Sums, means, norms, extremes over axes."""

from __future__ import annotations

import math

from ezprivsecfl.frontends.tff.ops.registry import Call, Lowering, lowering, normalised
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Leaf, Traced
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import ReduceAll, ReduceAny, ReduceMax, ReduceMin, Reduction, Sum

MAX_FACTORS = 64

DIRECT: dict[str, type[Reduction] | type[Sum]] = {
    "Sum": Sum,
    "Max": ReduceMax,
    "Min": ReduceMin,
    "Any": ReduceAny,
    "All": ReduceAll,
}


def _axes(call: Call) -> tuple[int, ...]:
    return normalised(call.integers(1, "axes"), len(call.args[0].shape))


def _direct(kind: type[Reduction] | type[Sum]) -> Lowering:
    return lambda call: call.emit.reduce(kind, call.args[0], _axes(call), keep=call.attr("keep_dims"))


for _name, _kind in DIRECT.items():
    lowering(_name)(_direct(_kind))


@lowering("Mean")
def mean(call: Call) -> Leaf:
    """Sum divided by the number of elements."""
    x, axes = call.emit.traced(call.args[0]), _axes(call)
    if not x.dtype.is_float:
        raise Unsupported("of integers; cast them to float first")
    count = math.prod(x.shape[a] for a in axes)
    if count == 0:
        raise Unsupported("of no elements")
    total = call.emit.sum(x, axes, keep=call.attr("keep_dims"))
    return call.emit.elementwise(ew.Mul, total, call.emit.scalar(1 / count, x.dtype))


@lowering("EuclideanNorm")
def euclidean_norm(call: Call) -> Leaf:
    """Square root of the sum of squares."""
    squares = call.emit.elementwise(ew.Square, call.args[0])
    return call.emit.elementwise(ew.Sqrt, call.emit.sum(squares, _axes(call), keep=call.attr("keep_dims")))


@lowering("L2Loss")
def l2_loss(call: Call) -> Leaf:
    """Half the sum of all squares."""
    squares = call.emit.elementwise(ew.Square, call.args[0])
    total = call.emit.sum(squares, range(len(squares.shape)))
    return call.emit.elementwise(ew.Mul, total, call.emit.scalar(0.5, total.dtype))


@lowering("Prod")
def product(call: Call) -> Leaf:
    """Product over axes, one factor after the other."""
    x, axes = call.emit.traced(call.args[0]), _axes(call)
    if math.prod(x.shape[a] for a in axes) > MAX_FACTORS:
        raise Unsupported(f"of more than {MAX_FACTORS} factors")
    result = x
    for axis in axes:
        result = _product_along(call, result, axis)
    kept = call.attr("keep_dims")
    return result if kept else call.emit.reshape(result, tuple(d for i, d in enumerate(x.shape) if i not in axes))


def _product_along(call: Call, x: Traced, axis: int) -> Traced:
    size = x.shape[axis]
    if size == 0:
        raise Unsupported("of no elements")
    one = tuple(1 if i == axis else d for i, d in enumerate(x.shape))
    steps = (1,) * len(x.shape)
    parts = [
        call.emit.slice(x, tuple(k if i == axis else 0 for i in range(len(x.shape))), one, steps) for k in range(size)
    ]
    result = parts[0]
    for part in parts[1:]:
        result = call.emit.elementwise(ew.Mul, result, part)
    return result
