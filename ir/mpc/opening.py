"""How finely results are opened: no more of them than the program's result shows.

Each server shifts its own share right and sends the rest (``duet/opening.h``): first the leading ``STEP`` bits, from
which both see the largest magnitude of the tensor, then as many as ``significant`` bits of that magnitude take. What is
sent depends on nothing else, so it is a function of the result.
"""

from __future__ import annotations

import math

import numpy as np

from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.types import DType

STEP = 16
"""Bits that one exchange opens at most."""

WORD = 64

WINDOW_BITS = WORD - STEP + 1
OPENED = 2**63 - 2**WINDOW_BITS
"""Numbers that are opened stay below: the first exchange shows a window of so many bits, which must not wrap around.

Formats leave 2^62 for the magnitudes that the ranges allow, and what is rounded may be a little above.
"""

LOWEST = WORD - STEP
"""The highest place that can be the lowest: the first exchange opens what is above it in any case."""

SIGNIFICANT = {DType.F32: 24, DType.F64: 40}
"""Bits of a tensor's largest magnitude that its element type shows; integers and truth values are exact.

A float64 has 53, but from 46 opened bits on, lattice reduction has found the summands of exact weighted sums.
"""


def bits_for(significant: int | None, magnitude_bits: int, lowest: int = 0) -> int:
    """Bits of each element that are opened, if the largest magnitude of the tensor has ``magnitude_bits``.

    Args:
        significant: As ``Open`` has it; None for all.
        magnitude_bits: Of the ring element, fractional bits included.
        lowest: Places below this one are never opened.
    """
    if significant is None:
        return WORD
    return max(STEP, min(WORD, WORD - max(magnitude_bits, 1) + significant, WORD - lowest))


def lowest_place(hidden: float, significant: int, frac: int) -> int:
    """The lowest place of a ring element that shows next to a magnitude.

    Args:
        hidden: A real number; infinite or not a number if nothing shows.
        significant: Bits that it has.
        frac: Fractional bits of the ring element.
    """
    if not math.isfinite(hidden):
        return LOWEST
    _, exponent = math.frexp(hidden)
    return max(0, min(LOWEST, exponent + frac - significant)) if hidden > 0 else 0


def bits_opened(values: Array, significant: int | None, lowest: int = 0) -> int:
    """The same for the ring elements of a tensor.

    Servers may open one bit more or less where the largest magnitude is within a unit of a power of two.
    """
    if values.size == 0:
        return 0
    magnitude = int(np.max(np.abs(values.astype(np.int64).astype(object))))
    return bits_for(significant, magnitude.bit_length(), lowest)


def steps_of(bits: int, *, exact: bool) -> list[int]:
    """What the exchanges of an opening send of each element, one after the other."""
    if exact:
        return [WORD]
    return [STEP] * (bits // STEP) + ([bits % STEP] if bits % STEP else [])
