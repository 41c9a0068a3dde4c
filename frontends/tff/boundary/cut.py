"""The operations of one call that are computed in the clear, as the tracing of its graph meets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from tensorflow_federated.python.core.impl.compiler import building_blocks as bb

from ezprivsecfl.errors import Location
from ezprivsecfl.frontends.tff.boundary.own_operations import HANDLES, can_be_shared
from ezprivsecfl.frontends.tff.boundary.steps import OwnPart
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import BROKEN, Leaf, Local, Origin, Pair, Traced


class Crossings(Protocol):
    """Keeps what crosses the boundary: the recorder."""

    def share(
        self,
        origin: Origin,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        location: Location,
        name: str,
        *,
        as_argument: bool = False,
        drawn: bool = False,
    ) -> Traced:
        """A tensor that crosses the boundary, as an input of the secure program."""

    def noise(self, op: Any, location: Location) -> Leaf:
        """Random numbers that the servers draw on shares."""


class Cut:
    """The operations of one call that are computed in the clear; see ``Elsewhere``.

    Args:
        recorder: Keeps what crosses the boundary.
        parts: The call's parts, by whether a client computes them.
        own: The operations, each with whether a client computes it.
        on_shares: Operations that draw noise on shares.
        whole: The result, computed in the clear; None if it cannot be.
        after: Gives the server's results after the opening, where they cannot be on shares; see ``AfterOpening.lower``.
        left: Operations after which a tensor is what the client has drawn of a secret distribution; see ``Crossing``.
    """

    def __init__(
        self,
        recorder: Crossings,
        parts: Mapping[bool, OwnPart],
        own: Mapping[str, bool],
        on_shares: Set[str],
        whole: Any,
        after: Callable[..., Sequence[Leaf]] | None = None,
        *,
        left: Set[str] = frozenset(),
    ) -> None:
        self._recorder = recorder
        self._parts = parts
        self._own = own
        self._on_shares = on_shares
        self._whole = whole
        self._after = after
        self._left = left

    def has(self, op: Any) -> bool:
        """Whether an operation is own, or draws noise on shares."""
        return op.name in self._own or op.name in self._on_shares

    def output(self, tensor: Any, location: Location) -> Leaf:
        """What crosses the boundary, or what cannot; or noise."""
        if tensor.op.name in self._on_shares:
            return self._recorder.noise(tensor.op, location)
        if tensor.dtype.base_dtype in HANDLES:
            return BROKEN  # a loop's data set, say: only other own operations take it
        at_client = self._own[tensor.op.name]
        part = self._parts[at_client]
        if tensor.dtype.base_dtype.is_complex and tensor.shape.is_fully_defined():
            real, imaginary = (self._shared(part, one, location, at_client) for one in parts_of(tensor))
            return Pair(real, imaginary)
        if can_be_shared(tensor):
            return self._shared(part, tensor, location, at_client)
        return Local(Origin(part.fetch(tensor), at_client))

    def lower(
        self, op: Any, values: Mapping[str, Leaf], location: Location, lower: Callable[[], Sequence[Leaf]]
    ) -> Sequence[Leaf]:
        """The results on shares; or what the server gets after the opening, where nothing else is possible."""
        return lower() if self._after is None else self._after(op, values, location, lower)

    def _shared(self, part: OwnPart, tensor: Any, location: Location, at_client: bool) -> Traced:
        variable = _variable(tensor.op)
        return self._recorder.share(
            Origin(part.fetch(tensor), at_client),
            tuple(tensor.shape.as_list()),
            np.dtype(tensor.dtype.base_dtype.as_numpy_dtype),
            location,
            name=tensor.op.type if variable is None else variable.name,
            as_argument=_starts_as_argument(variable),
            drawn=tensor.op.name in self._left,
        )

    def sequence(self, path: tuple[int, ...]) -> Leaf:
        """A data set that is made of data sets."""
        if self._whole is None:
            raise Unsupported("makes a data set of what is computed on shares")
        block = self._whole
        for index in path:
            block = bb.Selection(block, index=index)
        return Local(Origin(block, at_client=True))


def parts_of(tensor: Any) -> tuple[Any, Any]:
    """The real and the imaginary part of a complex tensor, added to its graph."""
    with tensor.graph.as_default():
        return tf.math.real(tensor), tf.math.imag(tensor)


def _variable(op: Any) -> Any:
    """The operation that holds the variable that an operation reads; None if it reads none."""
    return op.inputs[0].op if op.type == "ReadVariableOp" and op.inputs[0].op.type == "VarHandleOp" else None


def _starts_as_argument(variable: Any) -> bool:
    """Whether a variable is set to an argument of the graph, as a model's weights are."""
    if variable is None:
        return False
    setters = [user for user in variable.outputs[0].consumers() if user.type == "AssignVariableOp"]
    return any(_source(setter.inputs[1].op).type == "Placeholder" for setter in setters)


def _source(op: Any) -> Any:
    while op.type == "Identity":
        op = op.inputs[0].op
    return op
