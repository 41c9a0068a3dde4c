"""Both servers of a program in this process, for tests of what they take in, open and return."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.manifest import Manifest
from ezprivsecfl.runtime.program import ServerProgram
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.sharing import Occasion, Uploads, checked, share

Array = np.ndarray[Any, Any]


def both(act: Callable[[int], Any], seconds: float = 60) -> list[Any]:
    """What each party's act, at the same time, returns or raises."""
    results: list[Any] = [None, None]

    def go(party: int) -> None:
        try:
            results[party] = act(party)
        except Exception as e:
            results[party] = e

    threads = [threading.Thread(target=go, args=(party,)) for party in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    return results


class InProcess:
    """Two servers that have met.

    Args:
        folder: Of the built program.
    """

    def __init__(self, folder: Path) -> None:
        self.servers = [ServerProgram.load(folder, party) for party in (0, 1)]
        self.server: dict[str, Array] = {}
        """The server's values in the round that is to come, of which clients know what is public."""
        self.connect()

    @property
    def manifest(self) -> Manifest:
        """Of the round that is to come."""
        return self.servers[0].clear.of_round(self.server)

    def connect(self) -> None:
        """A new session."""
        for server, session in zip(self.servers, _duet.local_pair(), strict=True):
            server.session, server.ready_for = session, None

    def occasion(self, client: int) -> Occasion:
        """What a client's upload of the round that is to come is for."""
        return Occasion(self.servers[0].program_hash, self.servers[0].round_id, client)

    def uploads(self, client: int, **values: Array) -> Uploads:
        """What a client that keeps to the protocol uploads."""
        return share(self.manifest, checked(self.manifest, values), self.occasion(client))

    def prove(self, client: int, values: Array) -> tuple[bytes, Array, Array, Array]:
        """What the engine makes of any values, whether statements hold of them or not."""
        return _duet.prove(plan_of(self.manifest).layout, values, self.occasion(client).context)

    def send(self, client: int, uploads: Uploads, *parties: int) -> None:
        """Uploads to some servers; to both, if none are given."""
        for party in parties or (0, 1):
            self.servers[party].upload(client, self.round_id, uploads.arrays[party])

    def upload(self, client: int, **values: Array) -> None:
        """As an honest client does."""
        self.send(client, self.uploads(client, **values))

    @property
    def round_id(self) -> str:
        """As uploads name it."""
        return self.servers[0].round_id.hex()

    def run(
        self, server: dict[str, Array], clients: int, other: int | None = None, *, drop_bad_clients: bool = True
    ) -> list[Any]:
        """What each server returns or raises; ``other`` is the number of clients that server 1 is told."""
        for one in self.servers:
            one.clear.manifest = replace(one.clear.manifest, drop_bad_clients=drop_bad_clients)
        return self.compute((server, server), (clients, clients if other is None else other))

    def compute(self, given: Sequence[dict[str, Array]], counts: Sequence[int]) -> list[Any]:
        """What each server returns or raises, of what it is given itself."""

        def act(party: int) -> Any:
            try:
                return self.servers[party].run(given[party], counts[party])
            except Exception:
                self.servers[party].session.close()
                raise

        results = both(act)
        if any(isinstance(r, Exception) for r in results):
            self.connect()
        return results
