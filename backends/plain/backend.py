"""Exact simulation, in this process."""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.backends.base import Backend, Costs
from ezprivsecfl.backends.duet.backend import Duet
from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.runtime.session import Runnable


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

    def cost(self, compiled: Compiled, clients: int, network: str = "lan") -> Costs:
        """What it would cost with Duet."""
        return Duet().cost(compiled, clients, network)
