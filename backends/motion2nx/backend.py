"""Two servers with the MOTION2NX framework."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ezprivsecfl.backends.base import Backend, Costs, LoweredForServers
from ezprivsecfl.backends.motion2nx.build import build
from ezprivsecfl.backends.motion2nx.emit import ARITHMETIC, emit, traffic
from ezprivsecfl.backends.motion2nx.installation import Installation
from ezprivsecfl.backends.motion2nx.legalise import Legalise
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.passes import Pass, run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.runtime.artefact import Artefact


@dataclass(frozen=True)
class Motion2nxProgram(LoweredForServers):
    """A program for the MOTION2NX framework.

    Args:
        compiled: What the compiler has made of the program.
        secure: The program on shares; there is nothing to choose.
        program: The same in what the framework has: what is emitted.
        backend: The user's choices.
    """

    program: Program
    backend: Motion2nx

    def sources(self) -> dict[str, str]:
        """C++ for the framework."""
        return emit(self.compiled, self.program, self.backend.arithmetic, self.backend.name)

    def build(self, folder: Path | None = None) -> Artefact:
        """Needs MOTION2NX, and what that needs."""
        return build(self.sources(), Installation.find(self.backend.directory), folder)

    def traffic(self) -> list[str]:
        """An estimate: the framework declares nothing."""
        return traffic(self.program, self.compiled.options.most_clients)

    def cost(self, clients: int, network: str = "lan") -> Costs:
        """Raises CompileError: the framework does not say what an operation costs."""
        raise CompileError("MOTION2NX does not declare what operations cost: ask the back end duet (--backend duet)")


@dataclass(frozen=True)
class Motion2nx(Backend):
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
        if self.arithmetic not in ARITHMETIC:
            choices = ", ".join(ARITHMETIC)
            raise CompileError(f"MOTION2NX has no arithmetic protocol {self.arithmetic!r}; choose one of {choices}")

    @property
    def name(self) -> str:
        """Framework and protocol."""
        return f"motion2nx-{self.arithmetic}"

    def lower(self, compiled: Compiled) -> Motion2nxProgram:
        """In what the framework has; raises UnsupportedError where it has nothing."""
        return Motion2nxProgram(compiled, compiled.secure, run_passes(compiled.secure, self.passes()), self)

    def passes(self) -> tuple[Pass, ...]:
        """Legalisation."""
        return (Legalise(),)

    def check(self) -> None:
        """Raises CompileError if there is no usable MOTION2NX; the message says what is needed."""
        Installation.find(self.directory)
