"""Operations that have no finite value for some operands."""

from __future__ import annotations

from ezprivsecfl.compiler.analyses.owners import owner_of
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.structural import StructuralOp
from ezprivsecfl.ir.tensor.elementwise import Elementwise
from ezprivsecfl.ir.tensor.values import tensor_op, tensor_type


def may_fail(value: Value) -> bool:
    """Whether the value comes from a circuit that may have no finite result, by operations on single elements."""
    if not tensor_type(value).is_secret or owner_of(value) is not None:
        return False  # what an owner computes itself it does not share unless it is finite
    if tensor_op(value).partial:
        return True
    return isinstance(value.op, Elementwise | StructuralOp) and any(may_fail(o) for o in value.op.operands)
