"""Which secret values are finite whenever a round has a result, so that no test on shares is needed.

What clients share is finite, and where an operation on shares has no finite result, the client is dropped or the round
fails before anything is opened. So only public values that take part could be infinite or NaN: constants, which are
known, and the server's arguments, which are then required to be finite.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import Constant, Input, Placement
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.ordering import Top
from ezprivsecfl.ir.tensor.structure import Clients, Concat, MatMul, Move, Reduction, Sum
from ezprivsecfl.ir.types import Secrecy, TensorType

KEEP_FINITE = (
    *(ew.Neg, ew.Add, ew.Sub, ew.Mul, ew.Square, ew.Abs, ew.Relu, ew.Sign, ew.Maximum, ew.Minimum, ew.Select, ew.Cast),
    *(Clients, Concat, MatMul, Move, Reduction, Sum, Top),
)
"""Operations whose results are finite if their operands are."""


def finite_if(value: Value, ops: Sequence[Op]) -> set[str] | None:
    """The arguments of the server that must be finite so that a secret value is; None if that is not enough.

    Args:
        value: The value.
        ops: The operations of the program so far.
    """
    producers = {result: op for op in ops for result in op.results}
    needed: set[str] = set()
    seen: set[Value] = set()
    stack = [value]
    while stack:
        one = stack.pop()
        if one in seen:
            continue
        seen.add(one)
        op = producers[one]
        if isinstance(op, Input):
            if op.placement is Placement.SERVER:
                needed.add(op.path)
        elif isinstance(op, Constant):
            if not np.isfinite(op.value).all():
                return None
        elif isinstance(op, KEEP_FINITE) or _undefined_only_by_secrets(op, producers):
            stack.extend(op.operands)
        else:
            return None
    return needed


def _undefined_only_by_secrets(op: Op, producers: dict[Value, Op]) -> bool:
    """Whether an operation takes secret values alone, apart from the number of clients and constants other than 0."""
    return all(_secret(operand) or _not_zero(producers[operand]) for operand in op.operands)


def _not_zero(op: Op) -> bool:
    return isinstance(op, Clients) or (isinstance(op, Constant) and bool(np.all(op.value != 0)))


def _secret(value: Value) -> bool:
    return isinstance(value.type, TensorType) and value.type.secrecy is Secrecy.SECRET
