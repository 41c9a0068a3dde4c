"""Operations that have no finite value for some operands."""

from __future__ import annotations

from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.structural import StructuralOp
from ezprivsecfl.ir.tensor.elementwise import Div, Elementwise, Log, Reciprocal, Rsqrt, Sqrt
from ezprivsecfl.ir.tensor.values import tensor_type

PARTIAL = (Sqrt, Rsqrt, Reciprocal, Div, Log)
"""Operations whose result may be infinite or not a number."""


def may_fail(value: Value) -> bool:
    """Whether the value comes from a circuit that may have no finite result, by operations on single elements."""
    if not tensor_type(value).is_secret:
        return False
    if isinstance(value.op, PARTIAL):
        return True
    return isinstance(value.op, Elementwise | StructuralOp) and any(may_fail(o) for o in value.op.operands)
