"""Operations that give a tensor another shape, or make one of a given shape."""

from __future__ import annotations

import math

import numpy as np

from ezprivsecfl.frontends.tff.ops.registry import Call, lowering, normalised
from ezprivsecfl.frontends.tff.values import Known, Leaf


@lowering("Reshape")
def reshape(call: Call) -> Leaf:
    """Row-major reshape; a size of -1 follows from the others."""
    x, shape = call.args[0], call.integers(1, "shape") if call.args[1].shape != (0,) else ()
    if -1 in shape:
        known = math.prod(d for d in shape if d != -1)
        shape = tuple(math.prod(x.shape) // max(known, 1) if d == -1 else d for d in shape)
    return call.emit.reshape(x, shape)


@lowering("Transpose")
def transpose(call: Call) -> Leaf:
    """Reorders axes."""
    rank = len(call.args[0].shape)
    return call.emit.transpose(call.args[0], [p % rank for p in call.integers(1, "permutation")] if rank else ())


@lowering("Squeeze")
def squeeze(call: Call) -> Leaf:
    """Drops axes of size one."""
    (x,) = call.args
    chosen = normalised(call.attr("squeeze_dims"), len(x.shape)) or [i for i, d in enumerate(x.shape) if d == 1]
    return call.emit.reshape(x, tuple(d for i, d in enumerate(x.shape) if i not in chosen))


@lowering("ExpandDims")
def expand_dims(call: Call) -> Leaf:
    """Adds an axis of size one."""
    shape = call.args[0].shape
    axis = call.axis(1, len(shape) + 1)
    return call.emit.reshape(call.args[0], (*shape[:axis], 1, *shape[axis:]))


@lowering("BroadcastTo")
def broadcast_to(call: Call) -> Leaf:
    """Repeats along axes of size one."""
    return call.emit.broadcast(call.args[0], call.integers(1, "shape"))


@lowering("Fill")
def fill(call: Call) -> Leaf:
    """One value everywhere."""
    shape = call.integers(0, "shape") if call.args[0].shape != (0,) else ()
    return call.emit.broadcast(call.args[1], shape)


@lowering("Tile")
def tile(call: Call) -> Leaf:
    """Repeats along every axis."""
    x, counts = call.args[0], call.integers(1, "counts")
    spread = call.emit.reshape(x, tuple(d for size in x.shape for d in (1, size)))
    repeated = call.emit.broadcast(spread, tuple(d for pair in zip(counts, x.shape, strict=True) for d in pair))
    return call.emit.reshape(repeated, tuple(c * d for c, d in zip(counts, x.shape, strict=True)))


@lowering("Shape", "ShapeN")
def shape_of(call: Call) -> list[Leaf]:
    """Shapes are known while tracing."""
    dtype = call.attr("out_type").as_numpy_dtype
    return [Known(np.asarray(x.shape, dtype=dtype)) for x in call.args]


@lowering("Size")
def size_of(call: Call) -> Leaf:
    """The number of elements is known while tracing."""
    return Known(np.asarray(math.prod(call.args[0].shape), dtype=call.attr("out_type").as_numpy_dtype))


@lowering("Rank")
def rank_of(call: Call) -> Leaf:
    """The number of axes is known while tracing."""
    return Known(np.asarray(len(call.args[0].shape), dtype=np.int32))


@lowering("ZerosLike")
def zeros_like(call: Call) -> Leaf:
    """Zeros of the same shape."""
    return Known(np.zeros(call.args[0].shape, dtype=call.attr("T").as_numpy_dtype))


@lowering("OnesLike")
def ones_like(call: Call) -> Leaf:
    """Ones of the same shape."""
    return Known(np.ones(call.args[0].shape, dtype=call.attr("T").as_numpy_dtype))
