"""What is checked before anything is uploaded: whether there is such a round, and what each client has.

A client whose values are unusable does not take part. What is wrong with them does not say whose they are: lists of
clients that are left out do, or ``values_of`` where it ends the round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import InputError
from ezprivsecfl.runtime.manifest import Manifest, SharedInput

ClientValues = Mapping[str, Sequence[NDArray[Any] | InputError]]
"""By parameter what every client has; or, where that is unusable already, why."""

ServerValues = Mapping[str, NDArray[Any]]
"""By parameter what the server has."""

Prepared = TypeVar("Prepared")


def check_round(manifest: Manifest, clients: ClientValues, server: ServerValues) -> int:
    """The number of clients of a round; raises InputError unless the program can be run with it."""
    check_given(manifest, [s.path for s in manifest.parameters], clients)
    check_server(manifest, server)
    counts = {len(clients[s.path]) for s in manifest.parameters}
    if len(counts) != 1:
        raise InputError(f"{manifest.name}: parameters have different numbers of clients: {sorted(counts)}")
    (count,) = counts
    check_count(manifest.name, count, manifest.min_clients, manifest.max_clients)
    return count


def check_given(manifest: Manifest, paths: Sequence[str], given: Mapping[str, Any]) -> None:
    """Raises InputError unless there is something of every parameter."""
    missing = [path for path in paths if path not in given]
    if missing:
        raise InputError(f"{manifest.name}: parameter {missing[0]!r} is missing")


def check_server(manifest: Manifest, server: ServerValues) -> None:
    """Raises InputError unless the server has a value of the right shape for each of its parameters."""
    check_given(manifest, [s.path for s in manifest.server], server)
    for given in manifest.server:
        _check_array(repr(given.path), np.asarray(server[given.path]), given.shape)


def check_count(name: str, count: int, fewest: int, most: int) -> None:
    """Raises InputError unless a round may have this many clients."""
    if count < fewest:
        raise InputError(
            f"{name}: a round needs at least {fewest} clients, not {count}: "
            "the aggregate of few clients' values tells much about each, of one client's all"
        )
    if count > most:
        raise InputError(
            f"{name}: a round of {count} clients, but the program was compiled for at most "
            f"{most}: compile it with --clients {count} (in Python: clients={count})"
        )


def admit(
    manifest: Manifest, clients: Iterable[int], prepare: Callable[[int], Prepared]
) -> tuple[dict[int, Prepared], dict[int | None, str]]:
    """What the clients that take part have prepared, by their numbers, and why others do not.

    Args:
        manifest: Of the program; unless it drops bad clients, the first error is raised.
        clients: Their numbers.
        prepare: Makes of a client's number what it uploads; raises InputError if its values cannot be used.
    """
    prepared: dict[int, Prepared] = {}
    dropped: dict[int | None, str] = {}
    for client in clients:
        try:
            prepared[client] = prepare(client)
        except InputError as e:
            if not manifest.drop_bad_clients:
                raise InputError(f"{manifest.name}: client {client}: {e}") from None
            dropped[client] = str(e)
    return prepared, dropped


@contextmanager
def values_of(whom: str) -> Iterator[None]:
    """Adds to an InputError whose values it is about."""
    try:
        yield
    except InputError as e:
        raise InputError(f"{whom}: {e}") from None


def client_values(manifest: Manifest, values: ClientValues, client: int) -> dict[str, NDArray[Any]]:
    """One client's values of all parameters; raises InputError as ``client_value`` does."""
    return {s.path: client_value(s, values, client) for s in manifest.parameters}


def client_value(share: SharedInput, values: ClientValues, client: int) -> NDArray[Any]:
    """One client's value of a parameter; raises InputError as ``checked_value`` does, or if it has none."""
    value = values[share.path][client]
    if isinstance(value, InputError):
        raise value
    return checked_value(share, value)


def checked_value(share: SharedInput, value: NDArray[Any]) -> NDArray[Any]:
    """A client's value of a parameter; raises InputError if it has another shape, or is not of real numbers."""
    return _check_array(repr(share.path), np.asarray(value), share.client_shape)


def _check_array(where: str, array: NDArray[Any], shape: Sequence[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise InputError(f"{where} has element type {array.dtype}: only real numbers can be aggregated")
    if array.shape != tuple(shape):
        raise InputError(f"{where} has shape {list(array.shape)}, expected {list(shape)}")
    return array
