"""Operations on the bits of integers."""

from __future__ import annotations

import numpy as np

from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Leaf, Traced
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import elementwise as ew

DIRECT: dict[str, type[Op]] = {
    "BitwiseAnd": ew.BitAnd,
    "BitwiseOr": ew.BitOr,
    "BitwiseXor": ew.BitXor,
    "RightShift": ew.ShiftRight,
}

for _name, _kind in DIRECT.items():
    lowering(_name)(lambda call, kind=_kind: call.emit.elementwise(kind, *call.args))


@lowering("Invert")
def invert(call: Call) -> Leaf:
    """All bits inverted: -x - 1."""
    if np.dtype(call.attr("T").as_numpy_dtype).kind != "i":
        raise Unsupported("of integers without a sign")
    negative = call.emit.elementwise(ew.Neg, *call.args)
    return call.emit.elementwise(ew.Sub, negative, call.emit.scalar(1, negative.dtype))


@lowering("LeftShift")
def left_shift(call: Call) -> Leaf:
    """x · 2^y."""
    x, y = call.args
    if isinstance(y, Traced) and y.type.is_secret:
        raise Unsupported("by a secret number of places; only public values can be it")
    power = call.emit.elementwise(ew.Pow, call.emit.scalar(2, call.emit.traced(x).dtype), y)
    return call.emit.elementwise(ew.Mul, x, power)
