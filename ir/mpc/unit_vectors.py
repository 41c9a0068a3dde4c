"""Vectors that clients share divided by their norm: of which a program's result depends on the direction alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ezprivsecfl.ir.op import Array

SHORTER = 2.0**-20
"""By what part a vector may be shorter than 1; longer it may not be."""

EXACT_FRAC = 52
"""Fractional bits of float64 below 1."""


def tolerance(entries: int, frac: int) -> float:
    """The same where so many entries are rounded to some fractional bits, each by one unit at most."""
    return max(SHORTER, 2 * math.sqrt(entries) * 2.0**-frac)


def most_fractional_bits(entries: int) -> int:
    """With more, shares of 80 bits would not hide a vector of so many entries, and uploads would be longer."""
    return 38 - math.ceil(math.log2(max(entries, 1)) / 2)


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


def as_shared(inputs: Mapping[str, Array], units: Mapping[str, str | None], frac: int = EXACT_FRAC) -> dict[str, Array]:
    """Inputs of all clients, stacked, as the clients share them.

    Args:
        inputs: By path.
        units: By path of the inputs that clients share which unit vector each is a part of, if it is.
        frac: Fractional bits that entries are rounded to.
    """
    found = dict(inputs)
    for unit in dict.fromkeys(name for name in units.values() if name is not None):
        paths = [path for path, name in units.items() if name == unit]
        rows = [normalised(parts, frac) for parts in zip(*(inputs[path] for path in paths), strict=True)]
        found |= {path: np.stack([row[i] for row in rows]) for i, path in enumerate(paths)}
    return found
