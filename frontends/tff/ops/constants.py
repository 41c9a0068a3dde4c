"""Numbers that can only be one, although they are computed from others that are not known."""

from __future__ import annotations

import numpy as np

from ezprivsecfl.frontends.tff.ops.registry import Call
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Known, Traced
from ezprivsecfl.ir.interval import UNBOUNDED, Interval
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import Constant, TensorOp
from ezprivsecfl.ir.tensor.elementwise import Cast, Maximum, Minimum
from ezprivsecfl.ir.tensor.values import tensor_type


def constant_integer(call: Call, index: int, what: str) -> int:
    """An input, one integer, that must be constant.

    So is ``minimum(most, maximum(least, x))`` of any x, if the two are the same: ``tf.math.bincount`` computes its size
    like that from ``minlength`` and ``maxlength``.

    Raises:
        Unsupported: It is not.
    """
    leaf = call.leaves[index]
    if isinstance(leaf, Known):
        return int(leaf.array)
    assert isinstance(leaf, Traced)
    found = _interval(leaf.value)
    if found.lo != found.hi:
        raise Unsupported(f"its {what} must be constant; for tf.math.bincount, give the same minlength and maxlength")
    return int(found.lo)


def _interval(value: Value) -> Interval:
    op = value.op
    if isinstance(op, Constant):
        numbers = np.asarray(op.value, np.float64)
        return Interval(float(numbers.min()), float(numbers.max()))
    whole = isinstance(op, Cast) and tensor_type(op.operands[0]).dtype.is_integer
    if isinstance(op, Maximum | Minimum) or whole:
        assert isinstance(op, TensorOp)
        return op.interval([_interval(o) for o in op.operands], clients=1)
    return UNBOUNDED
