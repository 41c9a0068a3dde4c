"""What the engine declares that it sends and how long it computes; tests compare it with the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ezprivsecfl.runtime import _duet


@dataclass(frozen=True)
class PhaseCost:
    """What is sent in a phase.

    Args:
        bytes: Of server 0 and server 1, with the headers of frames.
        messages: Of server 0 and server 1.
        rounds: Times that one of them waits for the other.
    """

    bytes: tuple[int, int]
    messages: tuple[int, int]
    rounds: int


@dataclass(frozen=True)
class DeclaredCost:
    """What a kernel costs.

    Args:
        setup: In the setup phase.
        online: In the online phase.
        cpu_seconds: An estimate of one server's processor time, both phases together.
        flooding: How far its answers by lattice encryption are (statistical distance) from what tells nothing, under
            the key of server 0 and of server 1.
    """

    setup: PhaseCost
    online: PhaseCost
    cpu_seconds: float
    flooding: tuple[float, float]

    @property
    def total_bytes(self) -> int:
        """Both phases, both directions together."""
        return sum(self.setup.bytes) + sum(self.online.bytes)

    @property
    def setup_cpu_seconds(self) -> float:
        """The part of the processor time in the setup phase: kernels work where they send."""
        setup = sum(self.setup.bytes)
        return self.cpu_seconds * setup / self.total_bytes if setup else 0.0

    @property
    def online_cpu_seconds(self) -> float:
        """The part of the processor time in the online phase."""
        return self.cpu_seconds - self.setup_cpu_seconds


def declared(name: str, **sizes: Any) -> DeclaredCost:
    """What the engine declares.

    Args:
        name: The engine's name of a kernel, or of what it does besides, such as ``confirm_round``.
        sizes: All that this asks for, by name.

    Raises:
        ValueError: The engine has nothing of that name.
        TypeError: It asks for other sizes.
    """
    cost = _duet.cost(name, **sizes)
    first, second = cost["flooding"]
    return DeclaredCost(_phase(cost, "setup"), _phase(cost, "online"), cost["cpu_seconds"], (first, second))


def _phase(cost: dict[str, Any], phase: str) -> PhaseCost:
    sent, messages = cost[f"{phase}_bytes"], cost[f"{phase}_messages"]
    return PhaseCost((sent[0], sent[1]), (messages[0], messages[1]), cost[f"{phase}_rounds"])
