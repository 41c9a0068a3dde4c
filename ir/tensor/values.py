"""Small questions about values of the tensor level."""

from __future__ import annotations

import numpy as np

from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor.base import TensorOp
from ezprivsecfl.ir.tensor.io import Constant
from ezprivsecfl.ir.types import TensorType


def tensor_op(value: Value) -> TensorOp:
    """The operation of the tensor level whose result a value is."""
    assert isinstance(value.op, TensorOp)
    return value.op


def tensor_type(value: Value) -> TensorType:
    """The type of a value of the tensor level."""
    assert isinstance(value.type, TensorType)
    return value.type


def constant_value(value: Value) -> float | None:
    """The number that a constant consists of; None if elements differ, or if it is an integer that no float is."""
    if not isinstance(value.op, Constant) or value.op.value.size == 0:
        return None
    first = value.op.value.flat[0].item()
    return float(first) if np.all(value.op.value == first) and float(first) == first else None
