"""What a user can choose when a program is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_CLIENTS = 100
"""The largest number of clients of a round, unless the user says otherwise."""

MIN_CLIENTS = 2
"""The smallest number of clients of a round: the aggregate of one client's value is that value."""


@dataclass(frozen=True)
class Options:
    """Compilation options.

    Args:
        clients: The largest number of clients a round may have (at least 2).
        relu: ``exact``, or ``poly:DEGREE`` for a minimax polynomial.
        norms: ``exact``, or ``sketch:K`` to estimate sums of squares of more than K secret values from K sums.
        bounds: Entries x of parameter ``path`` satisfy |x| < bounds[path]; the key ``""`` is for all CLIENTS
            parameters. A path names a parameter or one leaf of it.
        min_clients: The smallest number of clients a round may have (at least 2). A server that colludes with all
            clients of a round but one learns what that one's value adds to the result.
    """

    clients: int = DEFAULT_CLIENTS
    relu: str = "exact"
    norms: str = "exact"
    bounds: Mapping[str, float] = field(default_factory=dict)
    min_clients: int = MIN_CLIENTS
