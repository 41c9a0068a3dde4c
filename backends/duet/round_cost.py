"""What a round costs, as data: operation by operation, added up, and in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ezprivsecfl.backends.duet.declared import DeclaredCost
from ezprivsecfl.backends.duet.schedule import delays
from ezprivsecfl.backends.network import Network
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.op import Op

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class OpCost:
    """What one operation costs.

    Args:
        op: The operation.
        cost: As its kernel declares it.
    """

    op: Op
    cost: DeclaredCost


@dataclass(frozen=True)
class RoundCost:
    """Declared costs of a program for a number of clients (base OTs, once per session, not included).

    Args:
        clients: Clients of the round.
        ops: In the program's order.
        agreements: What the servers agree upon besides, by name: who takes part, the public values, and at the end
            that the round is complete; online.
        rounds: Rounds of the online phase, in which independent operations share messages.
        delays: How often the online phase waits for a message to arrive, one way.
        network: What seconds are estimated for.
    """

    clients: int
    ops: tuple[OpCost, ...]
    agreements: Mapping[str, DeclaredCost]
    rounds: int
    delays: int
    network: Network

    @property
    def costs(self) -> tuple[DeclaredCost, ...]:
        """Of all operations and agreements."""
        return (*(c.cost for c in self.ops), *self.agreements.values())

    @property
    def setup_bytes(self) -> tuple[int, int]:
        """Bytes that server 0 and server 1 send in the setup phase."""
        return _added(c.setup.bytes for c in self.costs)

    @property
    def online_bytes(self) -> tuple[int, int]:
        """Bytes that server 0 and server 1 send online."""
        return _added(c.online.bytes for c in self.costs)

    @property
    def setup_messages(self) -> tuple[int, int]:
        """Messages that server 0 and server 1 send in the setup phase."""
        return _added(c.setup.messages for c in self.costs)

    @property
    def online_messages(self) -> tuple[int, int]:
        """Messages that server 0 and server 1 send online."""
        return _added(c.online.messages for c in self.costs)

    @property
    def total_bytes(self) -> int:
        """Everything, both directions together."""
        return sum(self.setup_bytes) + sum(self.online_bytes)

    def of_operations(self) -> dict[Location, tuple[int, int]]:
        """By place what its operations send, both directions together, and their rounds, one after the other.

        Rounds of independent operations are the same rounds, so that those of all places may add up to more than
        ``rounds``; those of setups do not count.
        """
        found: dict[Location, tuple[int, int]] = {}
        for c in self.ops:
            sent, rounds = found.get(c.op.location, (0, 0))
            found[c.op.location] = sent + c.cost.total_bytes, rounds + c.cost.online.rounds
        return found

    @property
    def flooding(self) -> tuple[float, float]:
        """How far all answers under the key of server 0 and of server 1 are from what tells nothing."""
        return _added(c.flooding for c in self.costs)

    @property
    def setup_seconds(self) -> float:
        """Estimated: setups come one after the other.

        Of a garbled circuit, only its garbler sends anything: such messages follow each other without a wait.
        """
        steps: list[set[int]] = []
        for c in self.costs:
            senders = {party for party in (0, 1) if c.setup.bytes[party]}
            steps += [senders] * (2 * c.setup.rounds if len(senders) == 2 else len(senders))
        cpu_seconds = sum(c.setup_cpu_seconds for c in self.costs)
        return self._seconds(delays(steps), self.setup_bytes, cpu_seconds)

    @property
    def online_seconds(self) -> float:
        """Estimated."""
        return self._seconds(self.delays, self.online_bytes, sum(c.online_cpu_seconds for c in self.costs))

    def _seconds(self, delay_count: int, sent: tuple[int, int], cpu_seconds: float) -> float:
        waiting = delay_count * self.network.round_trip_seconds / 2
        return waiting + max(sent) / self.network.bytes_per_second + cpu_seconds


def _added(pairs: Iterable[tuple[Number, Number]]) -> tuple[Number, Number]:
    """Of server 0, and of server 1."""
    first, second = zip(*pairs, strict=True)
    return sum(first), sum(second)
