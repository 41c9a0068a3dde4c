"""Which squared norms are sketched, and how far a sketched one can be from the exact one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ezprivsecfl.compiler.analyses.squares import is_row_times_itself
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.mpc.sketch import BLOCKS
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor.structure import MatMul
from ezprivsecfl.ir.tensor.values import tensor_type

FEWEST = 64
FAILURE = 2.0**-40
"""How likely a squared norm of a round may exceed what the number format was chosen for."""

SHORTEST = 4.0
"""Formats hold quotients of a vector by its norm even if the sketched squared norm is this many times too small.

Beyond, a quotient leaves its circuit as 0. A dense vector has that with a probability below e^-20 at 64 sums. A vector
of two equal entries must cancel in three of the four blocks, which it does with a probability below 2^-30 at 4096.
"""

CONFIDENCE = 0.99
"""With which the printed error holds."""


@dataclass(frozen=True)
class Norms:
    """How sums of squares of secret vectors are computed.

    Args:
        sums: Vectors with more entries are sketched to this many sums; None: none are.
    """

    sums: int | None = None

    @staticmethod
    def parse(kind: str) -> Norms:
        """Reads the option; raises CompileError unless it is ``exact`` or ``sketch:K``."""
        if kind == "exact":
            return Norms()
        name, _, sums = kind.partition(":")
        if name == "sketch" and sums.isascii() and sums.isdigit() and len(sums) < 10:
            count = int(sums)
            if count >= FEWEST and count % BLOCKS == 0:
                return Norms(count)
        raise CompileError(
            f"--norms {kind}: expected exact or sketch:K with a number of sums K from {FEWEST} on that is a "
            f"multiple of {BLOCKS}, such as sketch:4096"
        )

    def are_sketched(self, entries: float) -> bool:
        """Whether vectors with this many entries are sketched."""
        return self.sums is not None and entries > self.sums

    def sketches(self, op: Op) -> bool:
        """Whether an operation is a product of secret rows with themselves that is sketched."""
        if not isinstance(op, MatMul) or not tensor_type(op.result).is_secret or not is_row_times_itself(op):
            return False
        entries = op.operands[0].type.shape[-1]
        return isinstance(entries, int) and self.are_sketched(entries)

    def excess(self, vectors: float) -> float:
        """How many times its true value the largest of so many squared norms stays below, but for ``FAILURE``.

        Let |x| = 1, and sort its entries by magnitude, the largest first. Adding x_j with a random sign to a sum y adds
        x_j² + 2·s·x_j·y to the sum of all squares E. |x_j·y| is at most the sum of x_i² over i < j, so at most 1, and
        cosh(2·λ·t) - 1 is at most t²·(cosh(2·λ) - 1) for |t| <= 1. On average over signs and over the K/4 sums of each
        block exp(λ·E) therefore grows by no more than the factor exp(4·λ·x_j² + x_j²·E·(cosh(2·λ) - 1)·4/K), as long as
        E <= C. So (a supermartingale, stopped where E exceeds C)
            P(E > C) <= exp(-λ·(C - 4) + C·(cosh(2·λ) - 1)·4/K) for every λ > 0.
        This is for vectors that do not depend on the random map; it is drawn after they were shared.
        """
        if self.sums is None:
            return 1.0
        deviation = math.log(vectors / FAILURE)
        bounds = []
        for step in range(1, 160):
            exponent = step / 16
            gain = exponent - (math.cosh(2 * exponent) - 1) * BLOCKS / self.sums
            if gain > 0:
                bounds.append((deviation + exponent * BLOCKS) / gain)
        return min(bounds) / BLOCKS

    def deviation(self) -> float:
        """Standard deviation of a sketched squared norm, relative to the exact one, at most."""
        return 0.0 if self.sums is None else math.sqrt(2 / self.sums)

    def error(self) -> float:
        """The relative error that a squared norm has at most with probability ``CONFIDENCE`` (Chebyshev)."""
        return self.deviation() / math.sqrt(1 - CONFIDENCE)
