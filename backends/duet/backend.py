"""Two servers with the embedded engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ezprivsecfl.backends.base import Backend, LoweredForServers
from ezprivsecfl.backends.duet.build import build
from ezprivsecfl.backends.duet.cost_text import traffic
from ezprivsecfl.backends.duet.description import CostTable, cost
from ezprivsecfl.backends.duet.emit import emit
from ezprivsecfl.backends.duet.measured import measured_network
from ezprivsecfl.backends.duet.passes import LEGALISATION, legal
from ezprivsecfl.backends.duet.select_circuits import SelectCircuits
from ezprivsecfl.backends.duet.select_products import SelectProducts
from ezprivsecfl.backends.network import MEASURED, Network
from ezprivsecfl.backends.network import network as find_network
from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.passes import Pass, run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.runtime.artefact import Artefact
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.session import Link


def _by_line(choices: str | Mapping[int, str]) -> Mapping[int, str]:
    """One choice for all lines as a choice for line 0, which stands for all others."""
    return {0: choices} if isinstance(choices, str) else choices


@dataclass(frozen=True)
class DuetProgram(LoweredForServers):
    """A program for the embedded engine.

    Args:
        compiled: What the compiler has made of the program.
        secure: The program on shares, with the selected protocols.
        program: The same in the engine's own operations: what is emitted, and whose cost is declared.
        backend: The user's choices.
    """

    program: Program
    backend: Duet

    def sources(self) -> dict[str, str]:
        """C++ for the engine."""
        return emit(self.compiled, self.program, self.backend.name)

    def build(self, folder: Path | None = None) -> Artefact:
        """Needs a C++ compiler only."""
        return build(self.sources(), folder)

    @property
    def link(self) -> Link | None:
        """What the user has asked for."""
        return self.backend.emulated

    def traffic(self) -> list[str]:
        """What the engine's kernels declare; exact."""
        return traffic(self.cost(self.compiled.options.most_clients))

    def cost(self, clients: int, network: str = "lan") -> CostTable:
        """What the engine's kernels declare; exact, but for seconds."""
        known = manifest(self.compiled, self.program, self.backend.name)
        third_party = None if known.third_party is None else plan_of(known.third_party)
        return cost(self.program, clients, self.backend.estimated(network), plan_of(known), third_party)


@dataclass(frozen=True)
class Duet(Backend):
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
            bandwidth and round trip that ``SecureProgram.cost`` estimates for. None: as fast as this machine can.

    Raises:
        CompileError: There is no such method, domain or network; on use, no such line, or it is not possible there.
    """

    products: str | Mapping[int, str] = "auto"
    circuits: str | Mapping[int, str] = "auto"
    network: str | None = None
    link: str | None = None

    name = "duet"

    def __post_init__(self) -> None:
        # A measurement waits until somebody needs it: making a back end starts no servers.
        if self.link is not None:
            find_network(self.link)
        if self.network is not None and self.network != MEASURED:
            find_network(self.network)
        SelectProducts(_by_line(self.products))
        SelectCircuits(_by_line(self.circuits))

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
        return Link(chosen.name, chosen.bytes_per_second, chosen.round_trip_seconds / 2)

    def estimated(self, name: str) -> Network:
        """A network by its name; one to be measured is measured between the servers, with what is emulated.

        Raises:
            CompileError: There is no network of that name.
        """
        return measured_network(self.emulated) if name == MEASURED else find_network(name)

    def lower(self, compiled: Compiled) -> DuetProgram:
        """With the selected protocols; may measure the network for that."""
        secure = run_passes(compiled.secure, self._selection())
        return DuetProgram(compiled, secure, legal(secure), self)

    def passes(self) -> tuple[Pass, ...]:
        """Protocol selection, and then legalisation; may measure the network."""
        return (*self._selection(), *LEGALISATION)

    def _selection(self) -> tuple[Pass, ...]:
        network = self.estimated(self.network or self.link or "lan")
        return (SelectProducts(_by_line(self.products)), SelectCircuits(_by_line(self.circuits), network))
