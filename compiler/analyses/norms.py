"""Which squared norms are sketched, and how far a sketched one can be from the exact one."""

from __future__ import annotations

import math

from ezprivsecfl.compiler.analyses.squares import is_row_times_itself
from ezprivsecfl.compiler.options import Norms
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor.structure import MatMul
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.widths import BLOCKS

FAILURE = 2.0**-40
"""How likely a squared norm of a round may exceed what the number format was chosen for."""

SHORTEST = 4.0
"""Formats hold quotients of a vector by its norm even if the sketched squared norm is this many times too small.

Beyond, a quotient leaves its circuit as 0. A dense vector has that with a probability below e^-20 at 64 sums. A vector
of two equal entries must cancel in three of the four blocks, which it does with a probability below 2^-30 at 4096.
"""

CONFIDENCE = 0.99
"""With which the printed error holds."""


def takes_sketch(entries: float, norms: Norms) -> bool:
    """Whether vectors with this many entries are sketched."""
    return norms.sums is not None and entries > norms.sums


def is_sketched(op: Op, norms: Norms) -> bool:
    """Whether an operation is a product of secret rows with themselves that is sketched."""
    if not isinstance(op, MatMul) or not tensor_type(op.result).is_secret:
        return False
    entries = op.operands[0].type.shape[-1]
    return isinstance(entries, int) and takes_sketch(entries, norms) and is_row_times_itself(op)


def excess(vectors: float, norms: Norms) -> float:
    """How many times its true value the largest of so many squared norms stays below, but for ``FAILURE``.

    Let |x| = 1, and sort its entries by magnitude, the largest first. Adding x_j with a random sign to a sum y adds
    x_j² + 2·s·x_j·y to the sum of all squares E. |x_j·y| is at most the sum of x_i² over i < j, so at most 1, and
    cosh(2·λ·t) - 1 is at most t²·(cosh(2·λ) - 1) for |t| <= 1. On average over signs and over the K/4 sums of each
    block exp(λ·E) therefore grows by no more than the factor exp(4·λ·x_j² + x_j²·E·(cosh(2·λ) - 1)·4/K), as long as
    E <= C. So (a supermartingale, stopped where E exceeds C)
        P(E > C) <= exp(-λ·(C - 4) + C·(cosh(2·λ) - 1)·4/K) for every λ > 0.
    This is for vectors that do not depend on the random map; it is drawn after they were shared.
    """
    if norms.sums is None:
        return 1.0
    spread = math.log(vectors / FAILURE)
    bounds = []
    for step in range(1, 160):
        exponent = step / 16
        gain = exponent - (math.cosh(2 * exponent) - 1) * BLOCKS / norms.sums
        if gain > 0:
            bounds.append((spread + exponent * BLOCKS) / gain)
    return min(bounds) / BLOCKS


def deviation(norms: Norms) -> float:
    """Standard deviation of a sketched squared norm, relative to the exact one, at most."""
    return 0.0 if norms.sums is None else math.sqrt(2 / norms.sums)


def largest_error(norms: Norms) -> float:
    """The relative error that a squared norm has at most with probability ``CONFIDENCE`` (Chebyshev)."""
    return deviation(norms) / math.sqrt(1 - CONFIDENCE)
