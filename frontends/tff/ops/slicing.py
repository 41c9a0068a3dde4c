"""Slices and gathering with indices that are known while tracing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ezprivsecfl.frontends.tff.ops.joining import take
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering, normalised
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Leaf, Tensor

MAX_RUNS = 256


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
    x = call.args[0]
    starts: list[int] = []
    sizes: list[int] = []
    strides: list[int] = []
    shape: list[int] = []
    for index in _per_axis(_indices(call), len(x.shape)):
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
    return call.emit.reshape(call.emit.slice(x, tuple(starts), tuple(sizes), tuple(strides)), tuple(shape))


def _indices(call: Call) -> list[Any]:
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


@lowering("GatherV2")
def gather(call: Call) -> Leaf:
    """Elements at constant positions along an axis."""
    x = call.args[0]
    if call.attr("batch_dims"):
        raise Unsupported("with batch dimensions")
    (axis,) = normalised(call.integers(2, "axis"), len(x.shape))
    indices = call.known(1, "indices")
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    flat = [int(i) for i in indices.flat]
    if any(not 0 <= i < x.shape[axis] for i in flat):
        raise Unsupported(f"an index outside an axis of size {x.shape[axis]}")
    return call.emit.reshape(_gather(call, x, axis, flat), shape)


def _gather(call: Call, x: Tensor, axis: int, indices: Sequence[int]) -> Tensor:
    runs = _runs(indices)
    if len(runs) > MAX_RUNS:
        raise Unsupported(f"in more than {MAX_RUNS} pieces")
    if not runs:
        return take(call, x, axis, 0, 0)
    return call.emit.concat([take(call, x, axis, r.start, len(r), r.step) for r in runs], axis)


def _runs(indices: Sequence[int]) -> list[range]:
    """Cuts indices into as few pieces of constant distance as a scan from the left finds."""
    runs: list[range] = []
    i = 0
    while i < len(indices):
        end = i + 1
        step = indices[end] - indices[i] if end < len(indices) else 1
        while step and end < len(indices) and indices[end] - indices[end - 1] == step:
            end += 1
        count, step = end - i, step or 1
        runs.append(range(indices[i], indices[i] + count * step, step))
        i = end
    return runs
