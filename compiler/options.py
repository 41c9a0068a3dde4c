"""What a user can choose when a program is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.mpc.fixed_point import EXACT

DEFAULT_CLIENTS = 100
"""The largest number of clients of a round, unless the user says otherwise."""

MIN_CLIENTS = 2
"""The smallest number of clients of a round: the aggregate of one client's value is that value."""

BY_ROUND, FIXED = SCALES = ("declared", "fixed")

CLASS_FACTOR = 16.0
"""Ratio of neighbouring classes of magnitudes that the clients of a round declare.

What the servers learn is coarse, and rounds of a training run share few variants.
"""


@dataclass(frozen=True)
class Bound:
    """Entries x of a parameter satisfy ``|x| < highest`` and, if that says more, ``x >= lowest``.

    Raises:
        CompileError: There are no such numbers, or more than can be encoded exactly.
    """

    highest: float
    lowest: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.highest <= EXACT:
            raise CompileError(f"a bound must be positive and at most 2^53, not {self.highest:g}")
        if self.lowest is not None and not -self.highest < self.lowest < self.highest:
            raise CompileError(
                f"the lowest value must be above -{self.highest:g} and below {self.highest:g}, not {self.lowest:g}"
            )

    @staticmethod
    def of(given: Declared) -> Bound:
        """What a user has declared: ``B`` stands for (-B, B), a pair for [lowest, highest)."""
        if isinstance(given, Bound):
            return given
        lowest: float | None = None
        try:
            if isinstance(given, tuple):
                lowest, highest = map(float, given)
            else:
                highest = float(given)
        except (TypeError, ValueError):
            raise CompileError(f"a bound is a number or a pair of numbers, not {given!r}") from None
        return Bound(highest, None if lowest == -highest else lowest)

    def __str__(self) -> str:
        return f"|x| < {self.highest:g}" if self.lowest is None else f"{self.lowest:g} <= x < {self.highest:g}"


Declared = Bound | float | tuple[float, float]

DROP, FAIL = ON_BAD_CLIENT = ("drop", "fail")


@dataclass(frozen=True)
class Options:
    """Compilation options.

    Args:
        clients: The largest number of clients a round may have (at least 2).
        relu: ``exact``, or ``poly:DEGREE`` for a minimax polynomial.
        norms: ``exact``, or ``sketch:K`` to estimate sums of squares of more than K secret values from K sums.
        bounds: Entries x of parameter ``path`` satisfy |x| < bounds[path], or lowest <= x < highest for a pair; the
            key ``""`` is for all CLIENTS parameters. A path names a parameter or one leaf of it.
        scale: What formats follow: ``declared``, the magnitudes that the clients of a round declare (classes of a
            factor of 16, up to the bounds); ``fixed``, the bounds alone.
        on_bad_client: What happens about a client whose upload or values cannot be used: ``drop`` leaves it out of
            the round and names it, ``fail`` ends the round.
        min_clients: The smallest number of clients a round may have (at least 2). A server that colludes with all
            clients of a round but one learns what that one's value adds to the result.

    Raises:
        CompileError: There is no such choice.
    """

    clients: int = DEFAULT_CLIENTS
    relu: str = "exact"
    norms: str = "exact"
    bounds: Mapping[str, Declared] = field(default_factory=dict)
    scale: str = BY_ROUND
    on_bad_client: str = DROP
    min_clients: int = MIN_CLIENTS

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise CompileError(f"scale={self.scale!r}: choose from {', '.join(SCALES)}")
        if self.on_bad_client not in ON_BAD_CLIENT:
            raise CompileError(f"on_bad_client={self.on_bad_client!r}: choose from {', '.join(ON_BAD_CLIENT)}")
