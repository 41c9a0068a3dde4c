"""What the Duet back end costs, per operation: read from the engine's own declarations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain

from ezprivsecfl.backends.duet.cost_html import table_html
from ezprivsecfl.backends.duet.cost_text import summary_text, table_text
from ezprivsecfl.backends.duet.declared import declared
from ezprivsecfl.backends.duet.kernels import kernel_of
from ezprivsecfl.backends.duet.round_cost import OpCost, RoundCost
from ezprivsecfl.backends.duet.rounds import scheduled
from ezprivsecfl.backends.duet.schedule import delays, waits
from ezprivsecfl.backends.network import NETWORKS, Network
from ezprivsecfl.drawing.page import framed
from ezprivsecfl.ir.mpc import io
from ezprivsecfl.ir.program import Program
from ezprivsecfl.runtime.participants import agreement_bytes
from ezprivsecfl.runtime.proofs import ProofPlan

BOTH = (0, 1)

PROOF_STEPS = (BOTH, (0,), (1,))
"""Who sends what clients' proofs take: coins, what server 0's shares evaluate to, the verdicts."""


@dataclass(frozen=True, repr=False)
class CostTable(RoundCost):
    """A round's declared costs; ``str`` gives a table with a line for every operation that sends anything.

    A notebook shows a table with bars, with a row for what each operation of the user's program became.
    """

    def __str__(self) -> str:
        return table_text(self)

    def __repr__(self) -> str:
        return f"{summary_text(self)}; print it for every operation"

    def _repr_html_(self) -> str:
        return framed(self.html())

    def html(self) -> str:
        """The same without a frame."""
        return table_html(self)


def cost(
    program: Program,
    clients: int,
    network: Network = NETWORKS["lan"],
    proofs: ProofPlan | None = None,
    third_party: ProofPlan | None = None,
) -> CostTable:
    """Adds up what the engine's kernels declare for a program in the engine's own operations (``passes.legal``).

    Args:
        program: The program.
        clients: Of a round.
        network: What seconds are estimated for.
        proofs: What clients prove; without, that is not counted.
        third_party: What a third party shares and proves, if there is one.
    """
    kernels = [(op, kernel_of(program, op)) for op in program.ops]
    ops = tuple(OpCost(op, kernel.cost(clients)) for op, kernel in kernels if kernel is not None)
    agreements = {"participants": declared("exchange", bytes=agreement_bytes(clients))}
    before: list[Collection[int]] = [BOTH]  # on who takes part
    if third_party is not None:
        agreements["third party"] = declared("exchange", bytes=agreement_bytes(1))
        before.append(BOTH)
    for name, plan, number in (("third party's proof", third_party, 1), ("clients' proofs", proofs, clients)):
        if plan is not None and plan.has_statements:
            sizes = {"entries": plan.layout.entries, "message_bytes": plan.layout.message_bytes}
            agreements[name] = declared("client_proofs", clients=number, **sizes)
            before += PROOF_STEPS
    if program.of(io.Public):
        agreements["public values"] = declared("agreement")
    agreements["confirmation"] = declared("confirm_round")
    online = [stage.senders for stage in scheduled(program).exchanging]
    phases: list[Sequence[Collection[int]]] = [before, online, [BOTH]]
    rounds = max(map(sum, zip(*map(waits, phases), strict=True)))
    return CostTable(clients, ops, agreements, rounds, delays(chain(*phases)), network)
