"""Operations that join tensors or take them apart."""

from __future__ import annotations

import numpy as np

from ezprivsecfl.frontends.tff.dtypes import STORED
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering, normalised
from ezprivsecfl.frontends.tff.values import Known, Leaf, Tensor, Traced
from ezprivsecfl.ir.op import Array


@lowering("ConcatV2")
def concat(call: Call) -> Leaf:
    """Joins along an axis."""
    *parts, _ = call.args
    return call.emit.concat(parts, call.axis(len(parts), len(parts[0].shape)))


@lowering("Pack")
def pack(call: Call) -> Leaf:
    """Joins along a new axis."""
    shape = call.args[0].shape
    (axis,) = normalised([call.attr("axis")], len(shape) + 1)
    return call.emit.concat([call.emit.reshape(t, (*shape[:axis], 1, *shape[axis:])) for t in call.args], axis)


@lowering("Unpack")
def unpack(call: Call) -> list[Leaf]:
    """All slices along an axis, without it."""
    (x,) = call.args
    (axis,) = normalised([call.attr("axis")], len(x.shape))
    rest = (*x.shape[:axis], *x.shape[axis + 1 :])
    return [call.emit.reshape(take(call, x, axis, i, 1), rest) for i in range(x.shape[axis])]


@lowering("Split")
def split(call: Call) -> list[Leaf]:
    """Equal parts along an axis."""
    x, count = call.args[1], call.attr("num_split")
    axis = call.axis(0, len(x.shape))
    size = x.shape[axis] // count
    return [take(call, x, axis, i * size, size) for i in range(count)]


@lowering("SplitV")
def split_v(call: Call) -> list[Leaf]:
    """Parts of given sizes along an axis; one size may be -1 and follows from the others."""
    x = call.args[0]
    axis = call.axis(2, len(x.shape))
    sizes = list(call.integers(1, "sizes"))
    if -1 in sizes:
        sizes[sizes.index(-1)] = x.shape[axis] - sum(sizes) - 1
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return [take(call, x, axis, start, size) for start, size in zip(starts, sizes, strict=True)]


@lowering("Pad", "PadV2")
def pad(call: Call) -> Leaf:
    """Adds constants around."""
    x = call.emit.traced(call.args[0])
    margins = call.known(1, "paddings")
    value = call.known(2, "value") if call.op.type == "PadV2" else np.zeros(())
    for axis, (before, after) in enumerate(margins.tolist()):
        parts: list[Tensor] = [_margin(x, axis, before, value), x, _margin(x, axis, after, value)]
        x = call.emit.concat([p for p in parts if p.shape[axis] or p is x], axis)
    return x


def _margin(x: Traced, axis: int, size: int, value: Array) -> Known:
    shape = tuple(size if i == axis else d for i, d in enumerate(x.shape))
    return Known(np.full(shape, value, dtype=STORED[x.dtype]))


@lowering("ReverseV2")
def reverse(call: Call) -> Leaf:
    """Turns axes around."""
    x = call.args[0]
    axes = normalised(call.integers(1, "axes"), len(x.shape)) if call.args[1].shape != (0,) else ()
    if 0 in x.shape:
        return x
    starts = tuple(d - 1 if i in axes else 0 for i, d in enumerate(x.shape))
    strides = tuple(-1 if i in axes else 1 for i in range(len(x.shape)))
    return call.emit.slice(x, starts, x.shape, strides)


def take(call: Call, x: Tensor, axis: int, start: int, size: int, stride: int = 1) -> Traced:
    """A slice along one axis."""
    others = range(len(x.shape))
    starts = tuple(start if i == axis else 0 for i in others)
    sizes = tuple(size if i == axis else x.shape[i] for i in others)
    strides = tuple(stride if i == axis else 1 for i in others)
    return call.emit.slice(x, starts, sizes, strides)
