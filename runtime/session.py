"""Runs programs round after round on one cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import IncompleteRound, RunError
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.runtime.admission import (
    ClientValues,
    ServerValues,
    admit,
    check_count,
    check_round,
    client_values,
    values_of,
)
from ezprivsecfl.runtime.artefact import Artefact
from ezprivsecfl.runtime.cluster import Cluster
from ezprivsecfl.runtime.manifest import Manifest
from ezprivsecfl.runtime.participants import check_left
from ezprivsecfl.runtime.private import third_party_values
from ezprivsecfl.runtime.program import Clear
from ezprivsecfl.runtime.sharing import THIRD_PARTY, Occasion, checked, share, upload_messages
from ezprivsecfl.runtime.statistics import Statistics, from_servers
from ezprivsecfl.runtime.wire import Message, order


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
        name: For statistics.
        bytes_per_second: In each direction.
        delay_seconds: From one server to the other.
    """

    name: str
    bytes_per_second: float
    delay_seconds: float


def measure_link(cluster: Cluster, link: Link | None = None) -> tuple[float, float]:
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
        measured = _connect(cluster, "measure", "link", "link", link)[0].header
        return measured["bytes_per_second"], measured["round_trip_seconds"]


def _connect(cluster: Cluster, what: str, program: str, configuration: str, link: Link | None) -> list[Message]:
    """Has server 1 connect to server 0.

    Args:
        cluster: Both servers.
        what: The order to both that does it.
        program: Under which the servers keep the connection.
        configuration: What else must be the same at both.
        link: What is emulated between them.
    """
    listening = cluster.ask([order("listen", program=program, host=cluster.host, port=0)])[0]
    terms = {"program": program, "configuration": configuration, "timeout": cluster.timeout, "link": link and link[1:]}
    meet = order(what, host=cluster.host, port=listening.header["port"], **terms)
    return cluster.ask([meet, meet])


class Runnable(Protocol):
    """A program that some back end can run."""

    def run(self, clients: ClientValues, server: ServerValues) -> RunResult:
        """One round: values of every client and of the server, by path."""

    def prepare(self, clients: int) -> None:
        """Does ahead of the next round what does not depend on its inputs."""


class TwoServerProgram:
    """A built program on the two servers of a cluster.

    Args:
        cluster: Where it runs.
        artefact: What a back end has built.
        link: What is emulated between the servers.
    """

    def __init__(self, cluster: Cluster, artefact: Artefact, link: Link | None = None) -> None:
        self.cluster = cluster
        self.artefact = artefact
        self.link = link
        self._met_in: int | None = None
        self._last_count: int | None = None

    @property
    def manifest(self) -> Manifest:
        """What a round must know of the program."""
        return self.artefact.manifest

    @cached_property
    def _clear(self) -> Clear:
        return Clear.load(self.artefact)

    @property
    def _id(self) -> str:
        """Under which the servers keep the program and its connection: another link is another connection."""
        return "/".join([self.artefact.program_hash.hex(), *map(str, self.link or ())])

    def prepare(self, clients: int) -> None:
        """Runs the setup phase of the next round, if it will have this number of clients."""
        exact = self.manifest.exact_clients
        check_count(self.manifest.name, clients, exact or self.manifest.min_clients, exact or self.manifest.max_clients)
        with self.cluster.lock:
            self._meet()
            try:
                self._both(order("setup", program=self._id, clients=clients))
            except BaseException:
                self._forget()
                raise

    def run(self, clients: ClientValues, server: ServerValues | None = None) -> RunResult:
        """One round; clients that cannot take part are left out, and named by the statistics.

        Args:
            clients: By path of the CLIENTS-placed parameter a list of all clients' values.
            server: By path of the SERVER-placed parameter its value, if there are any.

        Raises:
            InputError: The inputs are not what the program was compiled for, or too few clients can take part.
            IncompleteRound: Not exactly as many can take part as the program is for.
            DivisionError: A secret divisor was zero.
            RunError: A server failed; the message says whether it will be started anew.
        """
        server = server or {}
        count = check_round(self.manifest, clients, server)
        manifest = self._clear.of_round(server) if self.manifest.clipped else self.manifest
        usable, unusable = admit(
            manifest, range(count), lambda client: checked(manifest, client_values(manifest, clients, client))
        )
        check_left(self.manifest, len(usable), unusable)
        if self.manifest.exact_clients not in (None, len(usable)):
            raise IncompleteRound(unusable)
        third_party = self._third_party(server)
        messages = [self._order(count, server, party) for party in (0, 1)]
        with self.cluster.lock:
            self._meet()
            try:
                round_id = self._round()
                unusable |= self._upload_all(manifest, usable, round_id)
                for to_upload, values in third_party:
                    with values_of("the third party"):
                        self._upload(to_upload, Occasion(self.artefact.program_hash, round_id, THIRD_PARTY), values)
                replies = self.cluster.ask(messages)
            except BaseException:  # an interrupt, too: servers may have some of the uploads
                self._forget()
                raise
            kept = len(replies[0].header["kept"])
            if replies[0].header["complete"]:
                self._prepare_ahead(kept)
        first = replies[0]
        outputs = dict(zip(first.header["paths"], first.arrays, strict=True))
        headers = [r.header for r in replies]
        dropped = _dropped(unusable, headers)
        backend = self.manifest.backend if self.link is None else f"{self.manifest.backend}-{self.link.name}"
        statistics = from_servers(self.manifest.name, backend, kept, dropped, headers)
        if not first.header["complete"]:
            raise IncompleteRound(dropped, statistics)
        return RunResult(outputs, first.header["magnitudes"], statistics)

    def _order(self, count: int, server: ServerValues, party: int) -> Message:
        """The order to run a round, with what one server has of the server's inputs: those that it may know."""
        paths = [s.path for s in self.manifest.server if s.owner is None or s.owner.party == party]
        run = {"do": "run", "program": self._id, "clients": count, "server": paths}
        return Message(run, [np.asarray(server[p]) for p in paths])

    def _third_party(self, server: ServerValues) -> list[tuple[Manifest, NDArray[np.int64]]]:
        """What a third party uploads, as if by itself; nothing if there is none."""
        uploaded = self.manifest.third_party
        if uploaded is None:
            return []
        values = self._clear.owned_values(Owner.THIRD_PARTY, server)
        return [(uploaded, third_party_values(uploaded, values))]

    def _round(self) -> bytes:
        """The round that is to come, on which both servers agree."""
        first, second = (reply.header["round"] for reply in self._both(order("round", program=self._id)))
        if first != second:
            raise RunError(f"the servers disagree on which round is to come: {first} and {second}")
        return bytes.fromhex(first)

    def _upload_all(
        self, manifest: Manifest, usable: Mapping[int, NDArray[np.int64]], round_id: bytes
    ) -> dict[int | None, str]:
        """Has every client upload what it shares; says why some cannot."""

        def upload(client: int) -> None:
            self._upload(manifest, Occasion(self.artefact.program_hash, round_id, client), usable[client])

        return admit(manifest, usable, upload)[1]

    def _prepare_ahead(self, count: int) -> None:
        """From the second round of as many clients on, the next one's setup starts right away.

        The servers work on it while the clients train, so that what a training loop waits for is the online phase.
        """
        if self._last_count == count:
            setup = order("setup", program=self._id, clients=count)
            self.cluster.post([setup, setup], undone=self._forget)
        self._last_count = count

    def _forget(self) -> None:
        """The servers have hung up; the next round connects them anew."""
        self._met_in = None

    def _upload(self, manifest: Manifest, occasion: Occasion, values: NDArray[np.int64]) -> None:
        """Sends each server what one client, or a third party, uploads to it, as if by that itself."""
        uploads = share(manifest, values, occasion)
        for party, message in enumerate(upload_messages(self._id, occasion, uploads)):
            self.cluster.tell(party, message)

    def _meet(self) -> None:
        """Loads the program into both servers and connects them, unless that has been done."""
        self.cluster.settle()
        self.cluster.start()
        if self._met_in == self.cluster.generation:
            return
        self._both(order("load", program=self._id, folder=str(self.artefact.folder)))
        _connect(self.cluster, "meet", self._id, f"clients<={self.manifest.max_clients}", self.link)
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
