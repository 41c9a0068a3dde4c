"""Two servers with the MOTION2NX framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ezprivsecfl.backends.base import Costs, ServerBackend
from ezprivsecfl.backends.motion2nx.build import build
from ezprivsecfl.backends.motion2nx.emit import ARITHMETIC, emit, traffic
from ezprivsecfl.backends.motion2nx.installation import Installation
from ezprivsecfl.backends.motion2nx.legalise import Legalise
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.passes import Pass
from ezprivsecfl.runtime.artefact import Artefact


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
        if self.arithmetic not in ARITHMETIC:
            choices = ", ".join(ARITHMETIC)
            raise CompileError(f"MOTION2NX has no arithmetic protocol {self.arithmetic!r}; choose one of {choices}")

    @property
    def name(self) -> str:
        """Framework and protocol."""
        return f"motion2nx-{self.arithmetic}"

    def sources(self, compiled: Compiled) -> dict[str, str]:
        """C++ for the framework."""
        return emit(compiled, self.arithmetic)

    def passes(self) -> tuple[Pass, ...]:
        """One: the framework's operations."""
        return (Legalise(),)

    def build(self, sources: Mapping[str, str]) -> Artefact:
        """Needs MOTION2NX, and what that needs."""
        return build(sources, Installation.find(self.directory))

    def traffic(self, compiled: Compiled) -> list[str]:
        """An estimate: the framework declares nothing."""
        return traffic(compiled)

    def check(self) -> None:
        """Raises CompileError if there is no usable MOTION2NX; the message says what is needed."""
        Installation.find(self.directory)

    def cost(self, compiled: Compiled, clients: int, network: str = "lan") -> Costs:
        """Raises CompileError: the framework does not say what an operation costs."""
        raise CompileError("MOTION2NX does not declare what operations cost: ask the back end duet (--backend duet)")
