"""Running sums and products.

In the step of distance d every entry takes in the one that is d before it; the distances double (W. D. Hillis, G. L.
Steele, "Data parallel algorithms", Communications of the ACM 29, 1986).
"""

from __future__ import annotations

import numpy as np

from ezprivsecfl.frontends.tff.dtypes import STORED
from ezprivsecfl.frontends.tff.ops.joining import take
from ezprivsecfl.frontends.tff.ops.reductions import MAX_FACTORS
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Known, Leaf, Tensor
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import elementwise as ew


@lowering("Cumsum")
def running_sum(call: Call) -> Leaf:
    """Sums of all entries along an axis up to each."""
    return _scanned(call, ew.Add, 0)


@lowering("Cumprod")
def running_product(call: Call) -> Leaf:
    """Products of all entries along an axis up to each."""
    x = call.args[0]
    if x.shape[call.axis(1, len(x.shape))] > MAX_FACTORS:
        raise Unsupported(f"of more than {MAX_FACTORS} factors")
    return _scanned(call, ew.Mul, 1)


def _scanned(call: Call, kind: type[Op], neutral: int) -> Leaf:
    emit, x = call.emit, call.emit.traced(call.args[0])
    axis = call.axis(1, len(x.shape))
    size = x.shape[axis]
    if size == 0:
        return x
    first, last = (size - 1, -1) if call.attr("reverse") else (0, 1)
    x = take(call, x, axis, first, size, last)
    if call.attr("exclusive"):
        shape = tuple(1 if i == axis else d for i, d in enumerate(x.shape))
        parts: list[Tensor] = [Known(np.full(shape, neutral, STORED[x.dtype])), take(call, x, axis, 0, size - 1)]
        x = emit.concat(parts[: 1 + (size > 1)], axis)
    distance = 1
    while distance < size:
        before = take(call, x, axis, 0, size - distance)
        later = emit.elementwise(kind, take(call, x, axis, distance, size - distance), before)
        x = emit.concat([take(call, x, axis, 0, distance), later], axis)
        distance *= 2
    return take(call, x, axis, first, size, last)
