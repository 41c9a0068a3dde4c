"""What a user can choose when a program is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ezprivsecfl.errors import CompileError

DEFAULT_CLIENTS = 100
"""The largest number of clients of a round, unless the user says otherwise."""

DROP, FAIL = ON_BAD_CLIENT = ("drop", "fail")


@dataclass(frozen=True)
class Options:
    """Compilation options.

    Args:
        clients: The largest number of clients a round may have (at least 2).
        relu: ``exact``, or ``poly:DEGREE`` for a minimax polynomial.
        norms: ``exact``, or ``sketch:K`` to estimate sums of squares of more than K secret values from K sums.
        bounds: Entries x of parameter ``path`` satisfy |x| < bounds[path]; the key ``""`` is for all CLIENTS
            parameters. A path names a parameter or one leaf of it.
        on_bad_client: What happens about a client whose upload or values cannot be used: ``drop`` leaves it out of
            the round and names it, ``fail`` ends the round.

    Raises:
        CompileError: There is no such choice.
    """

    clients: int = DEFAULT_CLIENTS
    relu: str = "exact"
    norms: str = "exact"
    bounds: Mapping[str, float] = field(default_factory=dict)
    on_bad_client: str = DROP

    def __post_init__(self) -> None:
        if self.on_bad_client not in ON_BAD_CLIENT:
            raise CompileError(f"on_bad_client={self.on_bad_client!r}: choose from {', '.join(ON_BAD_CLIENT)}")
