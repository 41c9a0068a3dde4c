"""The tensors that a TFF type consists of, each with the path that names it in the IR."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.frontends.tff.dtypes import ir_dtype
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.ir.tensor import Placement


@dataclass(frozen=True)
class LeafType:
    """A tensor in a parameter or in a result.

    Args:
        path: Its name, with ``/`` between the levels of structures.
        shape: Its shape at one client or at the server.
        dtype: The element type in the user's program.
        placement: CLIENTS if every client has its own.
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    placement: Placement


def elements_of(type_: Any, path: str) -> list[tuple[str | None, Any, str]]:
    """Name, type and path of every element of a structure type."""
    elements = tff.structure.to_elements(type_)
    return [(name, t, join(path, name or str(i))) for i, (name, t) in enumerate(elements)]


def join(path: str, name: str) -> str:
    """The path of an element; an empty path is that of all parameters or results together."""
    return f"{path}/{name}" if path else name


def leaf_types(type_: Any, path: str, placement: Placement = Placement.SERVER) -> Iterator[LeafType]:
    """All tensors of a type, in order; data sets have none.

    Raises:
        Unsupported: One is of unknown shape, or of an element type that the IR does not have, or is no tensor.
    """
    if isinstance(type_, tff.FederatedType):
        at_clients = type_.placement is tff.CLIENTS and not type_.all_equal
        yield from leaf_types(type_.member, path, Placement.CLIENTS if at_clients else Placement.SERVER)
    elif isinstance(type_, tff.StructType):
        for _, element, inner in elements_of(type_, path):
            yield from leaf_types(element, inner, placement)
    elif not isinstance(type_, tff.SequenceType):
        yield tensor_leaf(type_, path, placement)


def tensor_leaf(type_: Any, path: str, placement: Placement) -> LeafType:
    """A tensor type with its path; raises Unsupported if it has no counterpart in the IR."""
    if not isinstance(type_, tff.TensorType):
        raise Unsupported(f"{path} is of type {type_}; only tensors and structures of tensors are supported")
    shape = type_.shape
    if shape is None or any(d is None for d in shape):
        raise Unsupported(f"{path} is of type {type_}; its shape must be known")
    dtype = np.dtype(type_.dtype)
    try:
        ir_dtype(dtype)
    except Unsupported as e:
        raise Unsupported(f"{path}: {e}") from None
    return LeafType(path, tuple(int(d) for d in shape), dtype, placement)
