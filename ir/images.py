"""What clients share in place of a vector: its direction, or the vector cut to a length, and whether it was longer.

A program may depend on such an image of a vector alone (``compiler/passes/unit_vectors.py``, ``clipped_vectors.py``).
Then clients compute it, and prove what makes it one: how long it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.text_enum import TextEnum


class Image(TextEnum):
    """What is shared of a vector x, of one or more inputs."""

    DIRECTION = "direction"
    """x / |x|."""
    CLIPPED = "clipped"
    """x · min(1, r / |x|) for a public radius r."""
    BEYOND = "beyond"
    """Whether |x| > r, for the same."""
    REACHES = "reaches"
    """Whether |x| >= r."""

    @property
    def is_vector(self) -> bool:
        """Whether it has the vector's entries."""
        return self in (Image.DIRECTION, Image.CLIPPED)


SHORTER = 2.0**-20
"""By what part a vector may be shorter than it is to be; longer it may not be."""

EXACT_FRAC = 52
"""Fractional bits of float64 below 1."""


@dataclass(frozen=True)
class Shared:
    """An input that clients share, and what it is of which vector, if it is not shared as it is.

    Args:
        path: Its name.
        vector: The vector.
        image: What of that.
        frac: Fractional bits that entries are rounded to.
    """

    path: str
    vector: str | None
    image: Image | None
    frac: int = EXACT_FRAC

    @property
    def is_part(self) -> bool:
        """Whether it has entries of the vector."""
        return self.image is not None and self.image.is_vector


def radius_path(vector: str) -> str:
    """The prologue's output that says to which length a vector is cut."""
    return f"{vector}/radius"


def tolerance(entries: int, frac: int, length: float = 1.0) -> float:
    """The same where so many entries are rounded to some fractional bits, each by one unit at most."""
    return min(1.0, max(SHORTER, 2 * math.sqrt(entries) * 2.0**-frac / length)) if length > 0 else 1.0


def most_fractional_bits(entries: int) -> int:
    """With more, shares of 80 bits would not hide a unit vector of so many entries, and uploads would be longer."""
    return 38 - math.ceil(math.log2(max(entries, 1)) / 2)


def normalised(parts: Sequence[Array], frac: int) -> list[Array]:
    """One client's vector, of several parts, at a length in the middle of what is allowed; a zero vector as it is.

    Args:
        parts: All finite.
        frac: Fractional bits that entries are rounded to.
    """
    return _at(parts, _target(parts, frac, 1.0))


def clipped(parts: Sequence[Array], frac: int, radius: float) -> list[Array]:
    """The same for a vector that is cut to a length; a shorter one as it is."""
    target = _target(parts, frac, radius)
    return [_exact(part) for part in parts] if norm(parts) <= target else _at(parts, target)


def exceeds(parts: Sequence[Array], radius: float, image: Image) -> bool:
    """Whether a vector is longer than a radius, or as long, for programs that compute norms in float32."""
    length, limit = np.float32(norm(parts)), np.float32(radius)
    return bool(length >= limit if image is Image.REACHES else length > limit)


def norm(parts: Sequence[Array]) -> float:
    """The L2 norm of all entries; infinite where it is beyond float64."""
    largest = _largest(parts)
    return largest * _length([_exact(part) / largest for part in parts]) if largest else 0.0


def _at(parts: Sequence[Array], length: float) -> list[Array]:
    """A vector in its direction at a length, also where squares of its entries are beyond float64."""
    largest = _largest(parts)
    if largest == 0.0:
        return [_exact(part) for part in parts]
    scaled = [_exact(part) / largest for part in parts]
    return [part * (length / _length(scaled)) for part in scaled]


def _largest(parts: Sequence[Array]) -> float:
    return max((float(np.max(np.abs(_exact(part)), initial=0.0)) for part in parts), default=0.0)


def _length(parts: Sequence[Array]) -> float:
    return math.sqrt(sum(float(np.sum(part * part)) for part in parts))


def _exact(part: Array) -> Array:
    return np.asarray(part, dtype=np.float64)


def _target(parts: Sequence[Array], frac: int, length: float) -> float:
    return length * (1.0 - tolerance(sum(part.size for part in parts), frac, length) / 2)


def images(values: Mapping[str, Array], shared: Sequence[Shared], radii: Mapping[str, float]) -> dict[str, Array]:
    """What one client shares in place of its vectors, by path of the inputs that are no vectors of their own.

    Args:
        values: Of the client, by path.
        shared: The program's inputs.
        radii: By vector the length that it is cut to.
    """
    found: dict[str, Array] = {}
    for vector in dict.fromkeys(x.vector for x in shared if x.vector is not None):
        mine = [x for x in shared if x.vector == vector]
        paths = [x.path for x in mine if x.is_part]
        parts, frac = [values[path] for path in paths], min(x.frac for x in mine if x.is_part)
        if any(x.image is Image.DIRECTION for x in mine):
            found |= zip(paths, normalised(parts, frac), strict=True)
            continue
        found |= zip(paths, clipped(parts, frac, radii[vector]), strict=True)
        for x in mine:
            if not x.is_part:
                assert x.image is not None
                found[x.path] = np.asarray(exceeds(parts, radii[vector], x.image))
    return found


def as_shared(inputs: Mapping[str, Array], shared: Sequence[Shared], radii: Mapping[str, float]) -> dict[str, Array]:
    """Inputs of all clients, stacked, as the clients share them; arguments as for ``images``."""
    paths = [x.path for x in shared if x.is_part]
    rows = [
        images(dict(zip(paths, parts, strict=True)), shared, radii)
        for parts in zip(*(inputs[path] for path in paths), strict=True)
    ]
    return {**inputs, **{path: np.stack([row[path] for row in rows]) for path in (rows[0] if rows else {})}}
