"""Both servers of a program in this process, so that a test sees what each of them sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from in_process import InProcess
from on_duet import as_compiled

from ezprivsecfl.compiler.compiled import Compiled


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


class Pair(InProcess):
    """Two connected servers with the same program."""

    def __init__(self, compiled: Compiled) -> None:
        super().__init__(as_compiled(compiled).build().folder)
        self.compiled = compiled
        self.engines = [Recorder(server.engine) for server in self.servers]
        for server, engine in zip(self.servers, self.engines, strict=True):
            server.engine = engine

    def round(
        self, clients: Mapping[str, Any], server: Mapping[str, Any], *, drop_bad_clients: bool = True
    ) -> list[Any]:
        """One round; what each server returns, or the error that it raises. ``clients`` has all clients stacked."""
        count = len(next(iter(clients.values())))
        for client in range(count):
            self.upload(client, **{path: values[client] for path, values in clients.items()})
        given = {path: np.asarray(value) for path, value in server.items()}
        return self.run(given, count, drop_bad_clients=drop_bad_clients)
