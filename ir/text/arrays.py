"""Arrays in the text form: short ones as nested lists, long ones as base64 of their little-endian bytes."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.types import shape_text

READABLE_SIZE = 16
"""Arrays of at most this many elements are printed as nested lists."""

ELEMENT_TYPES: dict[str, np.dtype[Any]] = {
    "f32": np.dtype("<f4"),
    "f64": np.dtype("<f8"),
    "i32": np.dtype("<i4"),
    "i64": np.dtype("<i8"),
    "u64": np.dtype("<u8"),
    "bool": np.dtype("?"),
}
"""Element types of arrays by their name in the text form."""


def array_text(value: Array, *, elide: bool = False) -> str:
    """Prints an array, e.g. ``array<f32[2]> [1.0, inf]``; ``elide`` leaves long data out."""
    array = np.asarray(value)
    dtype = array.dtype.newbyteorder("<")
    names = [n for n, d in ELEMENT_TYPES.items() if d == dtype]
    if not names:
        raise ValueError(f"arrays of {array.dtype} have no text form")
    name = names[0]
    head = f"array<{name}{shape_text(array.shape)}>"
    if array.size <= READABLE_SIZE:
        listed = _nested(array)
        # A NaN's payload is lost in a list; then only the bytes say everything.
        if _same_bits(_from_list(listed, dtype, array.shape), array):
            return f"{head} {_list_text(listed)}"
    if elide:
        return f'{head} "..."'
    data = np.ascontiguousarray(array, dtype=dtype).tobytes()
    return f'{head} "{base64.b64encode(data).decode("ascii")}"'


def array_of_list(element_type: str, shape: tuple[int, ...], values: Any) -> Array:
    """The array that ``array_text`` printed as a nested list; raises ValueError if the list does not fit."""
    dtype = _element_type(element_type)
    _check_list(values, shape, dtype)
    return _from_list(values, dtype, shape)


def array_of_base64(element_type: str, shape: tuple[int, ...], data: str) -> Array:
    """The array that ``array_text`` printed as base64; raises ValueError if the data do not fit."""
    dtype = _element_type(element_type)
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error as e:
        raise ValueError(f"not base64: {e}") from None
    expected = math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise ValueError(f"{len(content)} bytes of data, expected {expected}")
    return np.frombuffer(content, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _element_type(name: str) -> np.dtype[Any]:
    if name not in ELEMENT_TYPES:
        raise ValueError(f"unknown element type {name}, expected one of {', '.join(ELEMENT_TYPES)}")
    dtype: np.dtype[Any] = ELEMENT_TYPES[name]
    return dtype


def _nested(array: Array) -> Any:
    """Nested lists of Python numbers."""
    if array.ndim == 0:
        return _number(array[()])
    return [_nested(row) for row in array]


def _number(x: Any) -> Any:
    """The Python number with the shortest text that converts back to exactly ``x``."""
    if not isinstance(x, np.floating):
        return x.item()
    if np.isnan(x):
        return math.nan  # without the payload, as the text has it
    short = float(str(x))
    return short if type(x)(short) == x else float(x)


def _from_list(values: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    return np.array(values, dtype=dtype.newbyteorder("=")).reshape(shape)


def _same_bits(a: Array, b: Array) -> bool:
    dtype = a.dtype.newbyteorder("<")
    return a.astype(dtype).tobytes() == np.asarray(b).astype(dtype).tobytes()


def _list_text(values: Any) -> str:
    if isinstance(values, list):
        return "[" + ", ".join(_list_text(v) for v in values) + "]"
    return scalar_text(values)


def scalar_text(value: bool | int | float) -> str:
    """A truth value or number: ``true``, ``-3``, ``0.5``, ``inf``, ``nan``."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _check_list(values: Any, shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Raises ValueError unless the nested lists have the shape and every element fits the dtype."""
    if not shape:
        _check_element(values, dtype)
        return
    if not isinstance(values, list):
        raise ValueError(f"one element along an axis of size {shape[0]}")
    if len(values) != shape[0]:
        raise ValueError(f"{len(values)} elements along an axis of size {shape[0]}")
    for row in values:
        _check_list(row, shape[1:], dtype)


def _check_element(value: Any, dtype: np.dtype[Any]) -> None:
    """Raises ValueError where numpy would silently convert to another value."""
    if isinstance(value, list):
        raise ValueError("lists are nested deeper than the shape")
    if isinstance(value, bool) != (dtype.kind == "b"):
        raise ValueError(f"{scalar_text(value)} is no element of {dtype.name}")
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not isinstance(value, int) or not limits.min <= value <= limits.max:
            raise ValueError(f"{scalar_text(value)} is no element of {dtype.name}")
