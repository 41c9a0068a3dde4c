"""Vectors that clients share divided by their norm: of which a program's result depends on the direction alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.op import Array

SHORTER = 2.0**-20
"""By what part a vector may be shorter than 1; longer it may not be."""


def tolerance(entries: int, frac: int) -> float:
    """The same where so many entries are rounded to some fractional bits, each by one unit at most."""
    return max(SHORTER, 4 * math.sqrt(entries) * 2.0**-frac)


def normalised(parts: Sequence[Array], frac: int) -> list[Array]:
    """One client's vector, of several parts, at a length in the middle of what is allowed; a zero vector as it is.

    Args:
        parts: All finite.
        frac: Fractional bits that entries are rounded to.
    """
    exact = [np.asarray(part, dtype=np.float64) for part in parts]
    largest = max((float(np.max(np.abs(part), initial=0.0)) for part in exact), default=0.0)
    if largest == 0.0:
        return exact
    scaled = [part / largest for part in exact]
    length = math.sqrt(sum(float(np.sum(part * part)) for part in scaled))
    target = 1.0 - tolerance(sum(part.size for part in exact), frac) / 2
    return [part * (target / length) for part in scaled]
