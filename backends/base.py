"""What a back end is: it lowers a compiled program to what it can compute, which is then a value of its own.

Another package adds a back end with two classes, a ``Backend`` that has the user's choices and a ``Lowered`` for what
it makes of one program, and an entry point for the first (see ``registry.py``). One that runs on our two servers emits
a source tree that builds a ``duet::Program``, and needs only ``sources`` and ``build`` of its own to do so: see
``LoweredForServers``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.passes import Pass
from ezprivsecfl.ir.program import Program
from ezprivsecfl.runtime.artefact import Artefact
from ezprivsecfl.runtime.loading import default_cluster
from ezprivsecfl.runtime.session import Link, Runnable, TwoServerProgram


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

    def of_operations(self) -> Mapping[Location, tuple[int, int]]:
        """By place what its operations send, both directions together, and their rounds, one after the other."""

    @property
    def setup_seconds(self) -> float:
        """Estimated for the network."""

    @property
    def online_seconds(self) -> float:
        """Estimated for the network."""

    def html(self) -> str:
        """A table for a notebook, without a frame: see ``drawing.page``."""


@dataclass(frozen=True)
class Lowered(ABC):
    """One program as one back end computes it: report, sources, cost table and run are all of this object.

    Args:
        compiled: What the compiler has made of the program.
        secure: The program on shares, with what the user has chosen for the back end.
    """

    compiled: Compiled
    secure: Program

    @abstractmethod
    def sources(self) -> dict[str, str]:
        """The emitted source tree: path to text."""

    @abstractmethod
    def traffic(self) -> list[str]:
        """In words, what a round of the largest number of clients sends."""

    @abstractmethod
    def cost(self, clients: int, network: str = "lan") -> Costs:
        """What every operation of a round costs, in seconds for a network; raises CompileError if it is not known."""

    @abstractmethod
    def runnable(self) -> tuple[Runnable, float]:
        """The program ready to run, and how many seconds building it took; raises CompileError if it fails."""


@dataclass(frozen=True)
class LoweredForServers(Lowered):
    """A program that runs on two server processes once it is built.

    Its sources are ``tree.common_tree`` and a CMake project with a target ``program``, a shared object with a
    ``duet::Program`` in it (``duet/program.h``); ``building.build_program`` builds such trees.
    """

    @abstractmethod
    def build(self, folder: Path | None = None) -> Artefact:
        """Builds the sources, or finds them built before.

        Args:
            folder: Where ``runtime.load`` will find the program; by default in the cache.

        Raises:
            CompileError: It is not possible.
        """

    @property
    def link(self) -> Link | None:
        """What is emulated between the servers, if anything."""
        return None

    def runnable(self) -> tuple[Runnable, float]:
        """On the two servers that all programs of this process share."""
        artefact = self.build()
        return TwoServerProgram(default_cluster(), artefact, self.link), artefact.build_seconds


class Backend(ABC):
    """What the user has chosen about where programs run; ``registry.py`` finds its class by name."""

    @property
    @abstractmethod
    def name(self) -> str:
        """For statistics."""

    @property
    @abstractmethod
    def where(self) -> str:
        """In words, where programs run."""

    @abstractmethod
    def lower(self, compiled: Compiled) -> Lowered:
        """The program as this back end computes it; raises CompileError if it cannot."""

    def passes(self) -> Sequence[Pass]:
        """What the program on shares goes through, in order; ``ezcompile opt`` runs any of them alone."""
        return ()

    def check(self) -> None:
        """Raises CompileError if what the back end needs is not on this machine."""
        return
