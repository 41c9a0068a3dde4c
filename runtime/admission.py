"""What clients check before they upload anything: one whose values are unusable does not take part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.compiler.options import FAIL
from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.mpc.io import Share

ClientValues = Mapping[str, Sequence[NDArray[Any] | InputError]]
"""By parameter what every client has; or, where that is unusable already, why."""

Prepared = TypeVar("Prepared")


def admit(
    clients: int, prepare: Callable[[int], Prepared], on_bad_client: str
) -> tuple[dict[int, Prepared], dict[int | None, str]]:
    """What the clients that take part have prepared, by their numbers, and why others do not.

    Args:
        clients: How many there are.
        prepare: Makes of a client's number what it uploads; raises InputError if its values cannot be used.
        on_bad_client: With ``fail``, the first such error is raised.
    """
    prepared: dict[int, Prepared] = {}
    dropped: dict[int | None, str] = {}
    for client in range(clients):
        try:
            prepared[client] = prepare(client)
        except InputError as e:
            if on_bad_client == FAIL:
                raise
            dropped[client] = str(e)
    return prepared, dropped


def client_value(share: Share, values: ClientValues, client: int) -> NDArray[Any]:
    """One client's value of a parameter.

    Raises:
        InputError: It has none, or one of another shape, or one that is not of real numbers.
    """
    value = values[share.path][client]
    if isinstance(value, InputError):
        raise value
    where = f"{share.path!r} of client {client}"
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise InputError(f"{where} has element type {array.dtype}: only real numbers can be aggregated")
    if array.shape != share.type.shape[1:]:
        raise InputError(f"{where} has shape {list(array.shape)}, expected {list(share.type.shape[1:])}")
    return array
