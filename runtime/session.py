"""Runs programs round after round on one cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.errors import EzError, InputError
from ezprivsecfl.ir.mpc.io import Share
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.runtime.admission import ClientValues, admit, client_value
from ezprivsecfl.runtime.artefact import Artefact
from ezprivsecfl.runtime.cluster import LocalCluster, header
from ezprivsecfl.runtime.participants import check_left
from ezprivsecfl.runtime.sharing import Uploads, share, upload_messages
from ezprivsecfl.runtime.statistics import Statistics, from_servers
from ezprivsecfl.runtime.wire import Message

HOST = "127.0.0.1"
ServerValues = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class RunResult:
    """One round's results, and what it took.

    Args:
        outputs: By output path.
        magnitudes: By path of every opened value its largest entry, in units of the last place.
        statistics: What it took.
    """

    outputs: dict[str, NDArray[Any]]
    magnitudes: dict[str, int]
    statistics: Statistics


class Link(NamedTuple):
    """A connection between the servers that is slower than the real one.

    Args:
        bytes_per_second: In each direction.
        delay_seconds: From one server to the other.
    """

    bytes_per_second: float
    delay_seconds: float


def measure_link(cluster: LocalCluster, link: Link | None = None) -> tuple[float, float]:
    """How fast the servers' connection is: bytes per second, and seconds of a round trip.

    Args:
        cluster: Both servers.
        link: What is emulated between them.

    Raises:
        RunError: A server failed.
    """
    with cluster.lock:
        cluster.settle()
        cluster.start()
        terms = {"program": "link", "host": HOST, "configuration": "link", "timeout": cluster.timeout, "link": link}
        listen = cluster.ask([header("listen", program="link", host=HOST, port=0)])[0]
        order = header("measure", port=listen.header["port"], **terms)
        measured = cluster.ask([order, order])[0].header
        return measured["bytes_per_second"], measured["round_trip_seconds"]


class Runnable(Protocol):
    """A program that some back end can run."""

    def run(self, clients: ClientValues, server: ServerValues) -> RunResult:
        """One round: values of every client and of the server, by path."""

    def prepare(self, clients: int) -> None:
        """Does ahead of the next round what does not depend on its inputs."""


def check_round(compiled: Compiled, clients: ClientValues, server: ServerValues) -> int:
    """The number of clients of a round; raises InputError unless the program can be run with it."""
    for op in compiled.tensor.of(Input):
        if op.path not in clients and op.path not in server:
            raise InputError(f"{compiled.name}: parameter {op.path!r} is missing")
    counts = {len(values) for values in clients.values()}
    if len(counts) != 1:
        raise InputError(f"{compiled.name}: parameters have different numbers of clients: {sorted(counts)}")
    (count,) = counts
    check_count(compiled, count)
    return count


def check_count(compiled: Compiled, count: int) -> None:
    """Raises InputError unless a round may have this many clients."""
    if count < compiled.options.min_clients:
        raise InputError(
            f"{compiled.name}: a round needs at least {compiled.options.min_clients} clients, not {count}: "
            "the aggregate of few clients' values tells much about each, of one client's all"
        )
    if count > compiled.options.clients:
        raise InputError(
            f"{compiled.name}: a round of {count} clients, but the program was compiled for at most "
            f"{compiled.options.clients}: compile it with --clients {count} (in Python: clients={count})"
        )


class TwoServerProgram:
    """A compiled and built program on the two servers of a cluster.

    Args:
        cluster: Where it runs.
        compiled: The program.
        artefact: What a back end has built of it.
        backend: The back end's name, for the statistics.
        link: What is emulated between the servers.
    """

    def __init__(
        self,
        cluster: LocalCluster,
        compiled: Compiled,
        artefact: Artefact,
        backend: str,
        link: Link | None = None,
    ) -> None:
        self.cluster = cluster
        self.compiled = compiled
        self.artefact = artefact
        self.backend = backend
        self.link = link
        self._shares = compiled.secure.of(Share)
        self._server_paths = [
            op.path for op in compiled.tensor.of(Input) if op.path not in {s.path for s in self._shares}
        ]
        self._met_in: int | None = None
        self._last_count: int | None = None

    @property
    def _id(self) -> str:
        """Under which the servers keep the program and its connection: another link is another connection."""
        return "/".join([self.artefact.program_hash.hex(), *map(str, self.link or ())])

    def prepare(self, clients: int) -> None:
        """Runs the setup phase of the next round, if it will have this number of clients."""
        check_count(self.compiled, clients)
        with self.cluster.lock:
            self._meet()
            try:
                self._both(header("setup", program=self._id, clients=clients))
            except EzError:
                self._forget()
                raise

    def run(self, clients: ClientValues, server: ServerValues) -> RunResult:
        """One round; clients that cannot take part are left out, and named by the statistics.

        Raises:
            InputError: The inputs are not what the program was compiled for, or too few clients can take part.
            DivisionError: A secret divisor was zero.
            RunError: A server failed; the message says whether it will be started anew.
        """
        count = check_round(self.compiled, clients, server)
        policy = self.compiled.options.on_bad_client
        uploads, unusable = admit(count, lambda client: self._uploads(clients, client), policy)
        check_left(self.compiled.name, len(uploads), unusable, self.compiled.options.min_clients)
        order = {
            "do": "run",
            "program": self._id,
            "clients": count,
            "server": self._server_paths,
            "on_bad_client": policy,
            "min_clients": self.compiled.options.min_clients,
        }
        message = Message(order, [np.asarray(server[p]) for p in self._server_paths])
        with self.cluster.lock:
            self._meet()
            try:
                for client, parts in uploads.items():
                    self._upload(client, parts)
                replies = self.cluster.ask([message, message])
            except EzError:
                self._forget()
                raise
            kept = len(replies[0].header["kept"])
            self._prepare_ahead(kept)
        first = replies[0]
        outputs = dict(zip(first.header["paths"], first.arrays, strict=True))
        headers = [r.header for r in replies]
        dropped = _dropped(unusable, headers)
        statistics = from_servers(self.compiled.name, self.backend, kept, dropped, headers)
        return RunResult(outputs, first.header["magnitudes"], statistics)

    def _uploads(self, clients: ClientValues, client: int) -> list[Uploads]:
        """What one client uploads for every parameter."""
        return [
            share(client_value(s, clients, client), s.type.frac, s.bound, s.path, client, s.lowest)
            for s in self._shares
        ]

    def _prepare_ahead(self, count: int) -> None:
        """From the second round of as many clients on, the next one's setup starts right away.

        The servers work on it while the clients train, so that what a training loop waits for is the online phase.
        """
        if self._last_count == count:
            order = header("setup", program=self._id, clients=count)
            self.cluster.post([order, order], undone=self._forget)
        self._last_count = count

    def _forget(self) -> None:
        """The servers have hung up; the next round connects them anew."""
        self._met_in = None

    def _upload(self, client: int, parts: Sequence[Uploads]) -> None:
        """Sends each server what one client uploads to it, as if by the client itself."""
        paths = [s.path for s in self._shares]
        for party, message in enumerate(upload_messages(self._id, client, paths, parts)):
            self.cluster.tell(party, message)

    def _meet(self) -> None:
        """Loads the program into both servers and connects them, unless that has been done."""
        self.cluster.settle()
        self.cluster.start()
        if self._met_in == self.cluster.generation:
            return
        self._both(header("load", program=self._id, folder=str(self.artefact.folder)))
        terms = {
            "program": self._id,
            "host": HOST,
            "configuration": f"clients<={self.compiled.options.clients}",
            "timeout": self.cluster.timeout,
            "link": self.link,
        }
        listen = self.cluster.ask([header("listen", program=self._id, host=HOST, port=0)])[0]
        self._both(header("meet", port=listen.header["port"], **terms))
        self._met_in = self.cluster.generation

    def _both(self, message: Message) -> list[Message]:
        return self.cluster.ask([message, message])


def _dropped(unusable: Mapping[int | None, str], replies: Sequence[Mapping[str, Any]]) -> dict[int | None, str]:
    """Why clients did not take part: as they say themselves, or as both servers say, or as each server says."""
    found: dict[int | None, str] = {}
    for party, reply in enumerate(replies):
        for client, why in reply["refused"]:
            said = f"server {party}: {why}"
            found[client] = f"{found[client]}; {said}" if client in found else said
    return {**found, **dict(replies[0]["invalid"]), **unusable}
