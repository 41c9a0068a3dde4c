"""Exact simulation, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ezprivsecfl.backends.base import Backend, Costs, Lowered
from ezprivsecfl.backends.duet.backend import Duet
from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.runtime.session import Runnable


@dataclass(frozen=True)
class Simulation(Lowered):
    """A program as the compiler has made it. What it would send, and the sources, are Duet's."""

    @cached_property
    def _on_duet(self) -> Lowered:
        return Duet().lower(self.compiled)

    def sources(self) -> dict[str, str]:
        """Those of Duet, which gives the same results."""
        return self._on_duet.sources()

    def traffic(self) -> list[str]:
        """What Duet would send."""
        return self._on_duet.traffic()

    def cost(self, clients: int, network: str = "lan") -> Costs:
        """What it would cost with Duet."""
        return self._on_duet.cost(clients, network)

    def runnable(self) -> tuple[Runnable, float]:
        """There is nothing to build."""
        return PlainProgram(self.compiled), 0.0


@dataclass(frozen=True)
class Plain(Backend):
    """Exact ring arithmetic in this process, without servers."""

    name = "plain"
    where = "exact simulation"

    def lower(self, compiled: Compiled) -> Simulation:
        """There is nothing to choose."""
        return Simulation(compiled, compiled.secure)
