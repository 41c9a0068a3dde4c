"""What a user can choose when a program is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_CLIENTS = 100
"""The largest number of clients of a round, unless the user says otherwise."""


@dataclass(frozen=True)
class Options:
    """Compilation options.

    Args:
        clients: The largest number of clients a round may have (at least 2).
        relu: ``exact``, or ``poly:DEGREE`` for a minimax polynomial.
        norms: ``exact``, or ``sketch:K`` to estimate sums of squares of more than K secret values from K sums.
        bounds: Entries x of parameter ``path`` satisfy |x| < bounds[path]; the key ``""`` is for all CLIENTS
            parameters. A path names a parameter or one leaf of it.
    """

    clients: int = DEFAULT_CLIENTS
    relu: str = "exact"
    norms: str = "exact"
    bounds: Mapping[str, float] = field(default_factory=dict)
