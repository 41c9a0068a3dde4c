"""Sizes that several kernels have."""

from __future__ import annotations

import math

from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.types import resolve


def elements(value: Value, clients: int) -> int:
    """How many elements a value has in a round of so many clients."""
    return math.prod(resolve(value.type.shape, clients))


def product_sizes(op: Op, clients: int) -> dict[str, int]:
    """Of ``batch`` matrix products ``[m, k] x [k, n]``."""
    left, right = (resolve(o.type.shape, clients) for o in op.operands)
    return {"batch": math.prod(left[:-2]), "m": left[-2], "k": left[-1], "n": right[-1]}


def square_sizes(op: Op, clients: int) -> dict[str, int]:
    """Of ``batch`` sums of ``k`` squares."""
    shape = resolve(op.operands[0].type.shape, clients)
    return {"batch": math.prod(shape[:-1]), "k": shape[-1]}
