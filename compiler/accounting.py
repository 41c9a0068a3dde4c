"""What differential privacy is accounted for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ezprivsecfl.errors import CompileError


@dataclass(frozen=True)
class Accounting:
    """What the report computes epsilon for, the bound of differential privacy.

    Args:
        delta: The probability with which the bound need not hold.
        rounds: How many rounds a client may take part in.
        sampling: The probability with which a client takes part in a round, independently of all others (Poisson
            sampling).
        sensitivity: By how much a client can change all values that get noise, together (the L2 norm): the clipping
            bound of a sum.
        noise_multiplier: The standard deviation over the sensitivity, where the program states it that way.

    Raises:
        CompileError: There is no such choice.
    """

    delta: float
    rounds: int = 1
    sampling: float = 1.0
    sensitivity: float | None = None
    noise_multiplier: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.delta < 1:
            raise CompileError(f"--dp-delta {self.delta:g}: expected a probability above 0 and below 1, such as 1e-5")
        if self.rounds < 1:
            raise CompileError(f"--dp-rounds {self.rounds}: expected at least 1")
        if not 0 < self.sampling <= 1:
            raise CompileError(f"--dp-sampling {self.sampling:g}: expected a probability, such as 0.01")
        given = [x for x in (self.sensitivity, self.noise_multiplier) if x is not None]
        if len(given) != 1 or not 0 < given[0] < math.inf:
            raise CompileError(
                "epsilon needs one positive number, --dp-sensitivity (the clipping bound) or --dp-noise-multiplier "
                "(the standard deviation over the sensitivity)"
            )
