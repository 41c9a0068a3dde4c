"""Element types: TensorFlow's and numpy's on one side, the IR's on the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.ir.types import DType

_OF_NUMPY = {
    "bool": DType.BOOL,
    "int8": DType.I32,
    "int16": DType.I32,
    "int32": DType.I32,
    "int64": DType.I64,
    "uint8": DType.I32,
    "uint16": DType.I32,
    "uint32": DType.I64,
    "float16": DType.F32,
    "bfloat16": DType.F32,
    "float32": DType.F32,
    "float64": DType.F64,
}

STORED: dict[DType, np.dtype[Any]] = {
    DType.F32: np.dtype(np.float32),
    DType.F64: np.dtype(np.float64),
    DType.I32: np.dtype(np.int32),
    DType.I64: np.dtype(np.int64),
    DType.BOOL: np.dtype(np.bool_),
}
"""The numpy type in which a constant of each element type is stored."""


def ir_dtype(dtype: Any) -> DType:
    """The IR's element type that holds all values of a numpy type; narrow ones are widened.

    Raises:
        Unsupported: Strings, complex numbers, uint64 and other types without a counterpart.
    """
    name = np.dtype(dtype).name
    if name not in _OF_NUMPY:
        raise Unsupported(f"values of type {name}")
    return _OF_NUMPY[name]


def has_ir_dtype(dtype: Any) -> bool:
    """Whether a numpy type has a counterpart in the IR."""
    return np.dtype(dtype).name in _OF_NUMPY
