"""Who takes part in a round: the clients of which both servers have a complete, valid upload.

Each server checks what arrives as it arrives, whatever it is; what it refuses fails nobody's round. Before they
compute, the servers tell each other which clients they could take, and both leave out all others.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import DivisionError, IncompleteRound, InputError, RunError
from ezprivsecfl.runtime.manifest import Manifest
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.sharing import SEED_BYTES
from ezprivsecfl.runtime.upload_store import UploadStore

Computed = TypeVar("Computed")

COUNT = struct.Struct("<I")

PROOF_FAILS = "its proof that its values are within the bounds does not hold"


@dataclass(repr=False)
class Inbox:
    """One server's uploads of the next round: at most one, of the right sizes, per client.

    So it never holds more than all shares of the largest number of clients, however much is uploaded. A client of
    which one upload is refused is left out, and what it has uploaded before is forgotten.

    Args:
        party: 0, which takes seeds, or 1, which takes masked values and proofs.
        manifest: Of the program: what its clients upload, and that they have numbers below ``max_clients``.
        refused: By client why it is left out; under None uploads that name no client of the program. One reason each,
            the first.
    """

    party: int
    manifest: Manifest
    refused: dict[int | None, str] = field(default_factory=dict)
    store: UploadStore = field(default_factory=UploadStore)
    _held: dict[int, int] = field(default_factory=dict)

    @property
    def held_bytes(self) -> int:
        """How much is held."""
        return self.client_bytes * len(self._held)

    @property
    def client_bytes(self) -> int:
        """How much one client has to upload."""
        return sum(dtype.itemsize * size for _, dtype, size in self._expected())

    def take(self, client: int, round_id: object, arrays: Sequence[NDArray[Any]], current: str) -> None:
        """Takes in what a client uploads for a round, or refuses the client.

        Args:
            client: Its number.
            round_id: The round that it names.
            arrays: What it uploads.
            current: The round that is to come.
        """
        why = self._wrong(client, round_id, arrays, current)
        if why is not None:
            self.refuse(client, why)
        elif client not in self.refused:
            try:
                self._held[client] = self.store.put(arrays)
            except OSError as e:
                self.refuse(client, f"there is no room for what it has uploaded ({e.strerror})")

    def refuse(self, client: object, why: str) -> None:
        """Leaves a client out of the next round."""
        if self._is_client(client):
            self.refused.setdefault(client, why)
            self._held.pop(client, None)
        else:
            self.refused.setdefault(None, f"an upload names the client {_shown(client)}, which there is not")

    def close(self, clients: int) -> tuple[int, ...]:
        """The clients below a number that have uploaded; for all others there is a reason then."""
        for client in [c for c in self._held if c >= clients]:
            self.refuse(client, f"the round is one of {clients} clients")
        for client in range(clients):
            if client not in self._held:
                self.refuse(client, "it has not uploaded anything")
        return tuple(sorted(self._held))

    def place(self, client: int) -> int:
        """Where in the store's file a client's upload begins."""
        return self._held[client]

    def seed_of(self, client: int) -> bytes:
        """What a client has uploaded to server 0."""
        return os.pread(self.store.descriptor, SEED_BYTES, self.place(client))

    def keep(self, clients: Collection[int]) -> None:
        """Forgets what all other clients have uploaded."""
        self._held = {client: parts for client, parts in self._held.items() if client in clients}

    def clear(self) -> None:
        """Forgets everything, for the next round."""
        self._held.clear()
        self.store.clear()
        self.refused = {}

    def _is_client(self, client: object) -> TypeGuard[int]:
        integer = isinstance(client, int | np.integer) and not isinstance(client, bool)
        return integer and client in range(self.manifest.max_clients)

    def _expected(self) -> list[tuple[str, np.dtype[Any], int]]:
        """The arrays of an upload: what they are, and their sizes, which are the same for all clients."""
        if self.party == 0:
            return [("seed", np.dtype(np.uint8), SEED_BYTES)]
        layout = plan_of(self.manifest).layout
        return [
            ("masked values", np.dtype(np.uint64), layout.entries),
            ("masked values' high bytes", np.dtype(np.uint8), layout.high_bytes),
            ("proof", np.dtype(np.uint8), layout.proof_bytes),
        ]

    def _wrong(self, client: int, round_id: object, arrays: Sequence[NDArray[Any]], current: str) -> str | None:
        if not self._is_client(client):
            return "there is no such client"
        if client in self._held:
            return "it has uploaded twice"
        if round_id != current:
            return f"its upload is for the round {_shown(round_id)}, not for this one"
        expected = self._expected()
        if len(arrays) != len(expected):
            return f"it has uploaded {len(arrays)} arrays instead of {len(expected)}"
        for data, (what, dtype, size) in zip(arrays, expected, strict=True):
            if data.dtype != dtype or data.shape != (size,):
                given = f"{data.dtype} of shape {list(data.shape)}"
                return f"it has uploaded its {what} as {_shortened(given)} instead of {dtype} of shape [{size}]"
        return None


def _shown(given: object) -> str:
    return _shortened(repr(given))


def _shortened(text: str) -> str:
    """No more than a line of what a client has sent."""
    return text if len(text) <= 80 else f"{text[:80]}..."


def agree(session: Any, clients: int, mine: Collection[int], max_clients: int) -> tuple[int, ...]:
    """The clients that both servers could take.

    Args:
        session: The connection; both servers call this at the same time.
        clients: Of how many clients the round is to be.
        mine: The numbers of those that this server could take.
        max_clients: Of the program.

    Raises:
        RunError: The other server expects another number of clients.
    """
    bits = np.zeros(clients, dtype=np.bool_)
    bits[list(mine)] = True
    message = COUNT.pack(clients) + np.packbits(bits).tobytes()
    other = session.exchange(message, agreement_bytes(max_clients))
    if other[: COUNT.size] != message[: COUNT.size] or len(other) != len(message):
        raise RunError(f"the servers disagree on how many clients the round is of: {clients} here, not so at the other")
    theirs = np.unpackbits(np.frombuffer(other, np.uint8, offset=COUNT.size), count=clients).astype(np.bool_)
    return tuple(int(c) for c in np.flatnonzero(bits & theirs))


def agreement_bytes(clients: int) -> int:
    """How long the message of ``agree`` is."""
    return COUNT.size + (clients + 7) // 8


def arrays_digest(arrays: Iterable[NDArray[Any]]) -> bytes:
    """SHA-256 of arrays: their types, shapes and elements."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def check_left(manifest: Manifest, kept: int, dropped: Mapping[int | None, str]) -> None:
    """Raises InputError, with everybody's reason, unless as many clients are left as a round must have."""
    if kept >= manifest.min_clients:
        return
    raise InputError(
        f"{manifest.name}: {kept} client{'' if kept == 1 else 's'} left, but a round needs at least "
        f"{manifest.min_clients}: the others were dropped{reasons(dropped)}"
    )


def reasons(dropped: Mapping[int | None, str], most: int = 20) -> str:
    """One line for each dropped client."""
    lines = [f"\n  {'' if c is None else f'client {c}: '}{why}" for c, why in dropped.items()]
    return ":" + "".join(lines[:most]) + (f"\n  and {len(lines) - most} more" if len(lines) > most else "")


def on_valid_clients(
    manifest: Manifest,
    clients: Collection[int],
    dropped: Mapping[int | None, str],
    compute: Callable[[tuple[int, ...]], Computed],
) -> tuple[Computed, tuple[int, ...], dict[int | None, str]]:
    """Computes on fewer and fewer clients, until nobody's own values make a result undefined.

    Args:
        manifest: Of the program: how many clients must be left, and whether one whose values cannot be used is left
            out, or ends the round.
        clients: The numbers of those that could upload something.
        dropped: Why others could not.
        compute: The result for some clients; raises DivisionError before a result is opened.

    Returns:
        The result, the clients that it is of, and why others are left out.

    Raises:
        InputError: Too few clients are left.
        IncompleteRound: Not exactly as many are left as the program is for.
        DivisionError: A value of all clients together is undefined, or a client's own that may not be left out.
    """
    kept, invalid = tuple(clients), dict[int | None, str]()
    while True:
        check_left(manifest, len(kept), {**dropped, **invalid})
        if manifest.exact_clients not in (None, len(kept)):
            raise IncompleteRound({**dropped, **invalid})
        try:
            return compute(kept), kept, invalid
        except DivisionError as e:
            if not e.clients:
                raise
            found: dict[int | None, str] = {kept[position]: str(e) for position in e.clients}
            if not manifest.drop_bad_clients:
                raise DivisionError(f"{manifest.name}{reasons(found)}") from None
            invalid |= found
            kept = tuple(client for client in kept if client not in found)
