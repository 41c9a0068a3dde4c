"""What the Duet back end costs, per operation: read from the engine's own declarations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ezprivsecfl.backends.duet.kernels import Kernel, PhaseCost, kernel
from ezprivsecfl.backends.network import NETWORKS, Network
from ezprivsecfl.backends.schedule import delays, schedule
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.statistics import size_text


@dataclass(frozen=True)
class OpCost:
    """What one operation costs.

    Args:
        op: The operation.
        kernel: What carries it out.
        setup: Declared by the engine.
        online: Declared by the engine.
    """

    op: Op
    kernel: Kernel
    setup: PhaseCost
    online: PhaseCost

    @property
    def cpu_seconds(self) -> float:
        """Estimated processor time of one server."""
        return self.kernel.cpu_seconds()

    @property
    def setup_cpu_seconds(self) -> float:
        """The part of it in the setup phase: operations work where they send."""
        setup, online = sum(self.setup.bytes), sum(self.online.bytes)
        return self.cpu_seconds * setup / (setup + online) if setup else 0.0

    @property
    def online_cpu_seconds(self) -> float:
        """The part of it in the online phase."""
        return self.cpu_seconds - self.setup_cpu_seconds


@dataclass(frozen=True)
class CostTable:
    """Declared costs of a program for a number of clients (base OTs, once per session, not included).

    ``str`` gives a table with one line per operation that sends anything.

    Args:
        clients: Clients of the round.
        ops: In the program's order.
        confirmation: That both servers agree at the end of the round; online.
        rounds: Rounds of the online phase, in which independent operations share messages.
        delays: How often the online phase waits for a message to arrive, one way.
        network: What seconds are estimated for.
    """

    clients: int
    ops: tuple[OpCost, ...]
    confirmation: PhaseCost
    rounds: int
    delays: int
    network: Network

    @property
    def setup_bytes(self) -> tuple[int, int]:
        """Bytes that server 0 and server 1 send in the setup phase."""
        return sum(c.setup.bytes[0] for c in self.ops), sum(c.setup.bytes[1] for c in self.ops)

    @property
    def online_bytes(self) -> tuple[int, int]:
        """Bytes that server 0 and server 1 send online."""
        phases = [*(c.online for c in self.ops), self.confirmation]
        return sum(p.bytes[0] for p in phases), sum(p.bytes[1] for p in phases)

    @property
    def online_messages(self) -> tuple[int, int]:
        """Messages that server 0 and server 1 send online."""
        phases = [*(c.online for c in self.ops), self.confirmation]
        return sum(p.messages[0] for p in phases), sum(p.messages[1] for p in phases)

    @property
    def setup_messages(self) -> tuple[int, int]:
        """Messages that server 0 and server 1 send in the setup phase."""
        return sum(c.setup.messages[0] for c in self.ops), sum(c.setup.messages[1] for c in self.ops)

    @property
    def total_bytes(self) -> int:
        """Everything, both directions together."""
        return sum(self.setup_bytes) + sum(self.online_bytes)

    @property
    def setup_seconds(self) -> float:
        """Estimated: setups come one after the other.

        Of a garbled circuit, only its garbler sends anything: such messages follow each other without a wait.
        """
        steps: list[set[int]] = []
        for c in self.ops:
            senders = {party for party in (0, 1) if c.setup.bytes[party]}
            steps += [senders] * (2 * c.setup.rounds if len(senders) == 2 else len(senders))
        cpu_seconds = sum(c.setup_cpu_seconds for c in self.ops)
        return self._seconds(delays(steps), self.setup_bytes, cpu_seconds)

    @property
    def online_seconds(self) -> float:
        """Estimated."""
        return self._seconds(self.delays, self.online_bytes, sum(c.online_cpu_seconds for c in self.ops))

    def _seconds(self, delay_count: int, sent: tuple[int, int], cpu_seconds: float) -> float:
        waiting = delay_count * self.network.round_trip_seconds / 2
        return waiting + max(sent) / self.network.bytes_per_second + cpu_seconds

    def __str__(self) -> str:
        title = f"{'operation':13s} {'where':28s} {'setup':>9s} {'online':>9s} {'CPU ms':>8s}"
        lines = [f"cost of a round of {self.clients} clients, both directions together", title]
        for c in self.ops:
            place = c.op.location
            where = f"{Path(place.file).name}:{place.line} {place.op}" if place.line else ""
            sizes = f"{size_text(sum(c.setup.bytes)):>9s} {size_text(sum(c.online.bytes)):>9s}"
            lines.append(f"{c.op.name:13s} {where[:28]:28s} {sizes} {1e3 * c.cpu_seconds:8.1f}")
        confirmed = size_text(sum(self.confirmation.bytes))
        lines.append(f"{'confirmation':13s} {'':28s} {'0.0 kB':>9s} {confirmed:>9s} {0:8.1f}")
        sizes = f"{size_text(sum(self.setup_bytes)):>9s} {size_text(sum(self.online_bytes)):>9s}"
        lines.append(f"{'all':13s} {'':28s} {sizes} {1e3 * sum(c.cpu_seconds for c in self.ops):8.1f}")
        lines.append(
            f"estimated for {self.network.name} ({self.network.bytes_per_second / 1e6:g} MB/s, "
            f"{1e3 * self.network.round_trip_seconds:g} ms round trip): setup {self.setup_seconds:.2f} s, "
            f"online {self.online_seconds:.3f} s in {self.rounds} rounds"
        )
        return "\n".join(lines)


def cost(program: Program, clients: int, network: Network = NETWORKS["lan"]) -> CostTable:
    """Adds up what the engine's kernels declare for a program in the engine's own operations (``passes.legal``)."""
    used = [(op, kernel(program, op, clients)) for op in program.ops]
    rows = tuple(OpCost(op, k, *k.costs()) for op, k in used if k is not None)
    online = schedule(program)
    agreed = 1  # before anything else, on who takes part: both servers send at the same time
    _, confirmation = Kernel("confirm_round", {}).costs()
    ends = agreed + 1  # of a round: that agreement and the confirmation
    return CostTable(clients, rows, confirmation, online.rounds + ends, online.delays + ends, network)


def traffic(table: CostTable) -> list[str]:
    """The declared costs in words."""
    phases = [
        ("setup", table.setup_bytes, table.setup_messages),
        ("online", table.online_bytes, table.online_messages),
    ]
    lines = [
        f"{phase}: server 0 sends {size_text(sent[0])} in {messages[0]} messages, "
        f"server 1 {size_text(sent[1])} in {messages[1]}"
        for phase, sent, messages in phases
    ]
    lines[1] += f"; {table.rounds} round{'' if table.rounds == 1 else 's'}"
    return [*lines, "(once per session, base oblivious transfers come on top)", *_lattice_keys(table)]


def _lattice_keys(table: CostTable) -> list[str]:
    """What answers under a key for lattice encryption may tell, and how long a key lasts."""
    spent = max(sum(c.kernel.flooding()[party] for c in table.ops) for party in (0, 1))
    if spent == 0:
        return []
    budget = _duet.FLOODING_BUDGET
    lasts = f"every {int(budget / spent)} rounds" if spent <= budget else "within a round"
    return [
        f"lattice encryption: all answers under one key are within 2^{math.log2(budget):.0f} (statistical distance) "
        f"of what tells nothing about the other server's shares; a round takes 2^{math.log2(spent):.1f} of that, so "
        f"both keys ({size_text(sum(_duet.cost('lattice_keys')['setup_bytes']))}) are made anew {lasts}"
    ]
