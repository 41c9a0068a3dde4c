"""Both servers of a program in this process, so that a test sees what each of them sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from in_process import both
from on_duet import as_compiled

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.mpc.io import Share
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.program import ServerProgram


@dataclass
class Recorder:
    """The engine of one server; keeps what is opened, and with how many bits."""

    engine: Any
    calls: list[str] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    revealed: list[tuple[Any, int]] = field(default_factory=list)

    def setup(self, *args: Any) -> None:
        self.calls.append("setup")
        self.engine.setup(*args)

    def online(self, *args: Any) -> Any:
        self.calls.append("online")
        counts = self.engine.online(*args)
        self.counts = [int(np.sum(c)) for c in counts]  # of a check of every client, a bit for each
        return counts

    def reveal(self, *args: Any) -> Any:
        self.calls.append("reveal")
        self.revealed = self.engine.reveal(*args)
        return self.revealed


class Pair:
    """Two connected servers with the same program."""

    def __init__(self, compiled: Compiled) -> None:
        folder = as_compiled(compiled).build().folder
        self.compiled = compiled
        self.servers = [ServerProgram.load(folder, party) for party in (0, 1)]
        self.engines = [Recorder(server.engine) for server in self.servers]
        for server, engine, session in zip(self.servers, self.engines, _duet.local_pair(), strict=True):
            server.engine, server.session = engine, session

    def run(
        self, clients: Mapping[str, Any], server: Mapping[str, Any], seed: int = 0, *, drop_bad_clients: bool = True
    ) -> list[Any]:
        """One round; what each server returns, or the error that it raises. ``clients`` has all clients stacked."""
        for one in self.servers:
            one.clear.manifest = replace(one.clear.manifest, drop_bad_clients=drop_bad_clients)
        rng = np.random.default_rng(seed)
        for share in self.compiled.secure.of(Share):
            for client, value in enumerate(clients[share.path]):
                key = rng.bytes(16)
                masked = _duet.share(np.asarray(value, dtype=np.float64), share.type.frac, key)
                self.servers[0].upload(share.path, client, np.frombuffer(key, np.uint8))
                self.servers[1].upload(share.path, client, masked)
        count = len(next(iter(clients.values())))
        given = {path: np.asarray(value) for path, value in server.items()}
        return both(lambda party: self.servers[party].run(given, count))
