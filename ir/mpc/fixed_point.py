"""Real numbers as ring elements, and back."""

from __future__ import annotations

import numpy as np

from ezprivsecfl.ir.op import Array


def encode(value: Array, frac: int) -> Array:
    """Fixed point modulo 2^64 with ``frac`` fractional bits, rounded to nearest (ties to even).

    But what is not 0 never becomes 0, and with fractional bits what is no integer never becomes one: it is rounded to
    the other side then, so within a unit. So rounding and comparisons with integers see what the float was. Integers
    that stay integers may have all 64 bits.
    """
    if frac == 0 and np.asarray(value).dtype.kind in "iu":
        return np.asarray(value).astype(np.uint64)
    exact = np.asarray(value, dtype=np.float64)
    scaled = np.rint(exact * 2.0**frac)
    whole = np.rint(exact) if frac > 0 else np.zeros_like(exact)
    scaled += np.where(scaled == whole * 2.0**frac, np.sign(exact - whole), 0.0)
    return np.asarray(scaled.astype(np.int64).astype(np.uint64))


def decode(value: Array, frac: int) -> Array:
    """The real numbers (or, without fractional bits, the integers) that ring elements stand for."""
    signed = value.astype(np.int64)
    return np.asarray(signed if frac == 0 else signed / 2.0**frac)
