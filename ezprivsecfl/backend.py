"""The back ends to choose from, and what each makes of a compiled program."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from weakref import WeakKeyDictionary

from ezprivsecfl.backends import duet, motion2nx
from ezprivsecfl.backends.duet.choices import ChooseProducts
from ezprivsecfl.backends.duet.domains import AssignDomains
from ezprivsecfl.backends.motion2nx.installation import Installation
from ezprivsecfl.backends.network import MEASURED, Network
from ezprivsecfl.backends.network import network as find_network
from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Program as Secure
from ezprivsecfl.runtime.artefact import Artefact
from ezprivsecfl.runtime.cluster import LocalCluster
from ezprivsecfl.runtime.session import Link, Runnable, TwoServerProgram, measure_line

NAMES = ("duet", "motion2nx", "plain")

_cluster = LocalCluster()


@cache
def measured_network(link: Link | None = None) -> Network:
    """The network between the two servers, with what is emulated; measured once."""
    return Network(MEASURED, *measure_line(_cluster, link))


class Backend(ABC):
    """Runs compiled programs."""

    @property
    @abstractmethod
    def name(self) -> str:
        """For statistics."""

    @property
    @abstractmethod
    def where(self) -> str:
        """In words, where programs run."""

    @abstractmethod
    def sources(self, compiled: Compiled) -> dict[str, str]:
        """The emitted source tree: path to text."""

    @abstractmethod
    def runnable(self, compiled: Compiled) -> tuple[Runnable, float]:
        """The program ready to run, and how many seconds building it took."""

    def secure(self, compiled: Compiled) -> Secure:
        """The program on shares, with what the user has chosen for this back end."""
        return compiled.secure

    @abstractmethod
    def traffic(self, compiled: Compiled) -> list[str]:
        """In words, what a round of the largest number of clients sends."""

    def estimated(self, name: str) -> Network:
        """The network of a name that costs are estimated for; raises CompileError if there is none."""
        return measured_network() if name == MEASURED else find_network(name)

    def check(self) -> None:
        """Raises CompileError if what the back end needs is not on this machine."""
        return


def _by_line(choices: str | Mapping[int, str]) -> Mapping[int, str]:
    """One choice for all lines as a choice for line 0, which stands for all others."""
    return {0: choices} if isinstance(choices, str) else choices


class ServerBackend(Backend):
    """Runs compiled programs on two server processes."""

    @abstractmethod
    def build(self, sources: Mapping[str, str]) -> Artefact:
        """Builds a source tree, or finds it built before; raises CompileError if that is not possible."""

    @property
    def emulated(self) -> Link | None:
        """The link that is emulated between the servers, if any."""
        return None

    def runnable(self, compiled: Compiled) -> tuple[Runnable, float]:
        """The built program on the two servers that all programs of this process share."""
        artefact = self.build(self.sources(compiled))
        return TwoServerProgram(_cluster, compiled, artefact, self.name, self.emulated), artefact.build_seconds


@dataclass(frozen=True)
class Duet(ServerBackend):
    """Two server processes with the embedded engine.

    Args:
        products: How products of secret values are computed, for experiments; all of them, or by line of the program
            (0: all others). ``auto`` takes what sends least; ``transfer`` masks the values and prepares products of
            the masks by oblivious transfer, ``lattice`` prepares them by lattice encryption; ``shares`` multiplies
            the shares as they are, by lattice encryption.
        circuits: Where circuits are evaluated, for experiments; all of them, or by line. ``auto`` takes what gives
            the shorter estimate for a round; ``yao`` garbles them; ``boolean`` evaluates them on Boolean shares.
        network: What these estimates are for: ``lan``, ``wan``, or ``measured`` between the servers; by default what
            ``link`` says, or else ``lan``.
        link: For experiments: ``lan`` or ``wan`` has the servers wait as if such a network were between them, of the
            bandwidth and round trip that ``Program.cost`` estimates for. None: as fast as this machine can.

    Raises:
        CompileError: There is no such method, domain or network; on use, no such line, or it is not possible there.
    """

    products: str | Mapping[int, str] = "auto"
    circuits: str | Mapping[int, str] = "auto"
    network: str | None = None
    link: str | None = None
    _chosen: WeakKeyDictionary[Secure, Secure] = field(
        default_factory=WeakKeyDictionary, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        # A measurement waits until somebody needs it: making a back end starts no servers.
        if self.link is not None:
            find_network(self.link)
        if self.network is not None and self.network != MEASURED:
            find_network(self.network)
        ChooseProducts(_by_line(self.products))
        AssignDomains(_by_line(self.circuits))

    @property
    def name(self) -> str:
        """The engine, and what is emulated."""
        return "duet" if self.link is None else f"duet-{self.link}"

    @property
    def where(self) -> str:
        """Two servers, and what is emulated."""
        return "two servers" if self.link is None else f"two servers over an emulated {self.link}"

    @property
    def emulated(self) -> Link | None:
        """The network's bandwidth, and half of its round trip each way."""
        if self.link is None:
            return None
        chosen = find_network(self.link)
        return Link(chosen.bytes_per_second, chosen.round_trip_seconds / 2)

    def estimated(self, name: str) -> Network:
        """A network by its name; one to be measured is measured between the servers, with what is emulated."""
        return measured_network(self.emulated) if name == MEASURED else find_network(name)

    def secure(self, compiled: Compiled) -> Secure:
        """With the chosen methods and domains; kept, since reports, sources and costs all ask for it."""
        if compiled.secure not in self._chosen:
            domains = AssignDomains(_by_line(self.circuits), self.estimated(self.network or self.link or "lan"))
            passes = (ChooseProducts(_by_line(self.products)), domains)
            self._chosen[compiled.secure] = run_passes(compiled.secure, passes)
        return self._chosen[compiled.secure]

    def sources(self, compiled: Compiled) -> dict[str, str]:
        """C++ for the engine."""
        return duet.emit(replace(compiled, secure=self.secure(compiled)))

    def build(self, sources: Mapping[str, str]) -> Artefact:
        """Needs a C++ compiler only."""
        return duet.build(sources)

    def traffic(self, compiled: Compiled) -> list[str]:
        """What the engine's kernels declare; exact."""
        return duet.traffic(self.secure(compiled), compiled.options.clients)


@dataclass(frozen=True)
class Motion2nx(ServerBackend):
    """Two server processes with the MOTION2NX framework.

    Args:
        directory: A built MOTION2NX tree; by default the environment variable ``EZ_MOTION2NX_DIR`` names it.
        arithmetic: ``gmw`` (Beaver triples) or ``beavy`` (ABY2.0).

    Raises:
        CompileError: There is no such protocol.
    """

    directory: Path | None = None
    arithmetic: str = "gmw"

    where = "two servers with MOTION2NX"

    def __post_init__(self) -> None:
        if self.arithmetic not in motion2nx.ARITHMETIC:
            choices = ", ".join(motion2nx.ARITHMETIC)
            raise CompileError(f"MOTION2NX has no arithmetic protocol {self.arithmetic!r}; choose one of {choices}")

    @property
    def name(self) -> str:
        """Framework and protocol."""
        return f"motion2nx-{self.arithmetic}"

    def sources(self, compiled: Compiled) -> dict[str, str]:
        """C++ for the framework."""
        return motion2nx.emit(compiled, self.arithmetic)

    def build(self, sources: Mapping[str, str]) -> Artefact:
        """Needs MOTION2NX, and what that needs."""
        return motion2nx.build(sources, Installation.find(self.directory))

    def traffic(self, compiled: Compiled) -> list[str]:
        """An estimate: the framework declares nothing."""
        return motion2nx.traffic(compiled)

    def check(self) -> None:
        """Raises CompileError if there is no usable MOTION2NX; the message says what is needed."""
        Installation.find(self.directory)


@dataclass(frozen=True)
class Plain(Backend):
    """Exact ring arithmetic in this process, without servers."""

    name = "plain"
    where = "exact simulation"

    def sources(self, compiled: Compiled) -> dict[str, str]:
        """Those of Duet, which gives the same results."""
        return Duet().sources(compiled)

    def traffic(self, compiled: Compiled) -> list[str]:
        """What Duet would send."""
        return Duet().traffic(compiled)

    def runnable(self, compiled: Compiled) -> tuple[Runnable, float]:
        """There is nothing to build."""
        return PlainProgram(compiled), 0.0


def choose(
    backend: str | Backend,
    directory: Path | None = None,
    arithmetic: str = "gmw",
    *,
    products: Mapping[int, str] | None = None,
    circuits: Mapping[int, str] | None = None,
    network: str | None = None,
    link: str | None = None,
) -> Backend:
    """A back end by its name.

    Args:
        backend: One of ``NAMES``, or a back end.
        directory: For MOTION2NX: the built tree.
        arithmetic: For MOTION2NX: the arithmetic protocol.
        products: For Duet: how products are computed, by line.
        circuits: For Duet: where circuits are evaluated, by line.
        network: For Duet: what choices are made for.
        link: For Duet: the network to emulate.

    Raises:
        CompileError: There is no back end of that name, or it has no such choice.
    """
    if (products or circuits or network) and backend != "duet":
        raise CompileError(f"only the back end duet has a choice of products, circuits and network, not {backend}")
    if link is not None and backend != "duet":
        raise CompileError(f"only the back end duet can emulate a link, not {backend}: leave out --link {link}")
    match backend:
        case Backend():
            return backend
        case "duet":
            return Duet(products or {}, circuits or {}, network, link)
        case "motion2nx":
            return Motion2nx(directory, arithmetic)
        case "plain":
            return Plain()
    raise CompileError(f"there is no back end {backend!r}; choose one of {', '.join(NAMES)}")
