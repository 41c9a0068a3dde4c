"""Converts what users pass to arrays of a declared type, with errors that say what is wrong with which value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.op import Array

_BECOMES = {"b": "b", "i": "iuf", "u": "iuf", "f": "f"}
"""To which kinds of element types Python's bools, integers and floats are converted."""


def elements_of_value(value: object, names: Sequence[str | None], where: str) -> list[object]:
    """The elements of a container in the order of its type.

    Args:
        value: A mapping, sequence, named tuple, attrs object or TFF ``Struct``.
        names: The names in the type.
        where: Says in errors which value it is.

    Raises:
        InputError: Elements are missing or too many, or it is no container.
    """
    expected = _listed(names)
    if isinstance(value, Mapping):
        wanted = [name if name is not None else i for i, name in enumerate(names)]
        if set(value) != set(wanted):
            raise InputError(f"{where}: has the elements {_listed(list(value))}, expected {expected}")
        return [value[key] for key in wanted]
    try:
        elements = tff.structure.to_elements(tff.structure.from_container(value))
    except TypeError:
        kind = "nothing" if value is None else f"a {type(value).__name__}"
        raise InputError(f"{where}: expected a structure of {expected}, not {kind}") from None
    given = [name for name, _ in elements]
    misnamed = any(g not in (None, n) for g, n in zip(given, names, strict=False))
    if len(given) != len(names) or misnamed:
        shown = _listed(given) if any(given) else f"{len(given)} elements"
        raise InputError(f"{where}: has {shown}, expected {expected}")
    return [element for _, element in elements]


def _listed(names: Sequence[object]) -> str:
    if names and all(name is None for name in names):
        return f"{len(names)} unnamed elements"
    return ", ".join(repr(name) for name in names) or "no elements"


def as_array(value: object, shape: tuple[int, ...], dtype: np.dtype[Any], where: str) -> Array:
    """The value as an array of the declared shape and element type.

    Arrays must have exactly that element type, as TFF demands. Python numbers, and lists of them, may be converted
    when nothing is lost.

    Raises:
        InputError: The value is missing or of another shape or element type.
    """
    if value is None:
        raise InputError(f"{where}: the value is missing")
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError(f"{where}: not a tensor (its rows differ in length)") from None
    if array.dtype.kind not in "biuf" and array.dtype != dtype:
        raise InputError(f"{where}: a {type(value).__name__} is not a tensor of {dtype}")
    if hasattr(value, "dtype") and array.dtype != dtype:
        raise InputError(f"{where}: has element type {array.dtype}, expected {dtype}")
    if array.shape != shape:
        raise InputError(f"{where}: has shape {list(array.shape)}, expected {list(shape)}")
    if array.dtype == dtype:
        return array
    return _converted(array, dtype, where)


def _converted(array: Array, dtype: np.dtype[Any], where: str) -> Array:
    kind = "f" if dtype.name == "bfloat16" else dtype.kind
    if array.size and kind not in _BECOMES[array.dtype.kind]:
        raise InputError(f"{where}: has element type {array.dtype}, expected {dtype}")
    if array.size and kind in "iu" and not np.all(array == array.astype(dtype)):
        raise InputError(f"{where}: an element does not fit {dtype}")
    return array.astype(dtype)


def with_dtype(array: Array, dtype: np.dtype[Any]) -> Any:
    """An output with the element type that TFF returns; integers that were computed as floats are rounded."""
    if dtype.kind in "iub" and array.dtype.kind == "f":
        array = np.rint(array)
    with np.errstate(all="ignore"):  # a NaN or an infinity has no integer; TensorFlow does not complain either
        typed = array.astype(dtype)
    return typed if typed.shape else typed[()]
