"""Slices."""

from __future__ import annotations

from typing import Any

from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Leaf, Tensor, Traced


@lowering("Slice")
def slice_(call: Call) -> Leaf:
    """A block of elements; a size of -1 means all that follow."""
    x = call.args[0]
    if not x.shape:
        return x
    starts, sizes = call.integers(1, "start"), call.integers(2, "size")
    whole = tuple(d - b if s == -1 else s for d, b, s in zip(x.shape, starts, sizes, strict=True))
    return call.emit.slice(x, starts, whole, (1,) * len(starts))


@lowering("StridedSlice")
def strided_slice(call: Call) -> Leaf:
    """Python's ``x[a:b:c, i, ..., tf.newaxis]``."""
    return sliced(call.emit, call.args[0], indices_of(call))


def sliced(emit: Emitter, x: Tensor, indices: list[Any]) -> Traced:
    """What Python's indices give of a tensor: integers, slices, ``...`` and None."""
    starts: list[int] = []
    sizes: list[int] = []
    strides: list[int] = []
    shape: list[int] = []
    for index in _per_axis(indices, len(x.shape)):
        if index is None:
            shape.append(1)
            continue
        size = x.shape[len(starts)]
        if isinstance(index, int):
            if not -size <= index < size:
                raise Unsupported(f"index {index} of an axis of size {size}")
            start, count, stride = index % size, 1, 1
        else:
            picked = range(*index.indices(size))
            start, count, stride = (picked.start, len(picked), picked.step) if picked else (0, 0, 1)
            shape.append(count)
        starts.append(start)
        sizes.append(count)
        strides.append(stride)
    return emit.reshape(emit.slice(x, tuple(starts), tuple(sizes), tuple(strides)), tuple(shape))


def indices_of(call: Call) -> list[Any]:
    """The indices of a strided slice, as Python has them."""
    begins, ends, steps = (call.integers(i, w) for i, w in ((1, "start"), (2, "end"), (3, "stride")))
    masks = {name: call.attr(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    indices: list[Any] = []
    for i, (begin, end, step) in enumerate(zip(begins, ends, steps, strict=True)):
        if masks["ellipsis"] >> i & 1:
            indices.append(...)
        elif masks["new_axis"] >> i & 1:
            indices.append(None)
        elif masks["shrink_axis"] >> i & 1:
            indices.append(begin)
        else:
            first = None if masks["begin"] >> i & 1 else begin
            last = None if masks["end"] >> i & 1 else end
            indices.append(slice(first, last, step))
    return indices


def _per_axis(indices: list[Any], rank: int) -> list[Any]:
    used = sum(index is not None and index is not ... for index in indices)
    rest = [slice(None)] * (rank - used)
    where = next((i for i, index in enumerate(indices) if index is ...), len(indices))
    return [*indices[:where], *rest, *indices[where + 1 :]]
