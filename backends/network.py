"""Networks that costs are estimated for."""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.errors import CompileError


@dataclass(frozen=True)
class Network:
    """A connection between the two servers.

    Args:
        name: ``lan``, ``wan`` or ``measured``.
        bytes_per_second: In each direction.
        round_trip_seconds: From a message to its answer.
    """

    name: str
    bytes_per_second: float
    round_trip_seconds: float


# The two settings of Huang et al., "Cheetah", USENIX Security 2022, section 6, which later papers measure in, too.
MEASURED = "measured"
"""The name of the network that the servers find between them."""

NETWORKS = {
    "lan": Network("lan", 384e6, 0.0003),
    "wan": Network("wan", 44e6, 0.04),
}


def network(name: str) -> Network:
    """A network by its name; raises CompileError if there is none."""
    if name not in NETWORKS:
        raise CompileError(f"there is no network {name!r}; choose one of {', '.join([*NETWORKS, MEASURED])}")
    return NETWORKS[name]
