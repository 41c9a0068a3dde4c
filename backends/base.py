"""What a back end is: it makes something that runs of a compiled program, and says what that costs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Protocol

from ezprivsecfl.backends.network import MEASURED, Network
from ezprivsecfl.backends.network import network as find_network
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.passes import Pass
from ezprivsecfl.ir.program import Program as Secure
from ezprivsecfl.runtime.artefact import Artefact
from ezprivsecfl.runtime.cluster import LocalCluster
from ezprivsecfl.runtime.session import Link, Runnable, TwoServerProgram, measure_line

_cluster = LocalCluster()


@cache
def measured_network(link: Link | None = None) -> Network:
    """The network between the two servers, with what is emulated; measured once."""
    return Network(MEASURED, *measure_line(_cluster, link))


class Costs(Protocol):
    """What a round costs; ``str`` gives a table. Pairs are of server 0 and server 1."""

    @property
    def setup_bytes(self) -> tuple[int, int]:
        """Sent in the setup phase."""

    @property
    def online_bytes(self) -> tuple[int, int]:
        """Sent online."""

    @property
    def total_bytes(self) -> int:
        """Everything, both directions together."""

    @property
    def setup_seconds(self) -> float:
        """Estimated for the network."""

    @property
    def online_seconds(self) -> float:
        """Estimated for the network."""


class Backend(ABC):
    """Runs compiled programs. ``registry.py`` finds it by its name, also one that another package has registered."""

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

    @abstractmethod
    def cost(self, compiled: Compiled, clients: int, network: str = "lan") -> Costs:
        """What every operation of a round costs, in seconds for a network; raises CompileError if it is not known."""

    def estimated(self, name: str) -> Network:
        """The network of a name that costs are estimated for; raises CompileError if there is none."""
        return measured_network() if name == MEASURED else find_network(name)

    def passes(self) -> Sequence[Pass]:
        """What the program on shares goes through, in order; ``ezcompile opt`` runs any of them alone."""
        return ()

    def check(self) -> None:
        """Raises CompileError if what the back end needs is not on this machine."""
        return


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
