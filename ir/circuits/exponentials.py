"""Powers of e and of 2, as normalised numbers.

``e^x = 2^(k + f)`` for the whole part k and the fraction f of ``x · log2 e``. The exponent is k, and the mantissa 2^f,
from 1 to 2, is a parabola in each of a few segments (``piecewise.py``). So the error is relative, whatever x is.
"""

from __future__ import annotations

import math

import numpy as np

from ezprivsecfl.ir.circuits import products, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.circuits.floats import FLOAT, Float
from ezprivsecfl.ir.circuits.piecewise import pieces

FRAC = FLOAT.mantissa - 1
"""Fractional bits of the exponent and of the mantissa."""

WHOLE = FLOAT.exponent - 2
"""Operands of ``exp`` are below 2^WHOLE, so that the exponent of the result fits."""

ERROR = 4.0 * 2.0**-FRAC
"""Of the parabolas."""


def exp(b: CircuitBuilder, x: Wires, beyond: int, sign: int, nan: int) -> Float:
    """e^x with a relative error below 2^-20.

    Args:
        b: The builder.
        x: A signed number with ``FRAC`` fractional bits and at most ``WHOLE`` before the point.
        beyond: Whether the number is none of these: then the result is infinite, or 0 if it is negative.
        sign: Whether the number is negative.
        nan: Whether it is not a number.
    """
    # The factor has as many places as whole bits of x make visible; x is moved to where it is not negative.
    width, places = len(x), FRAC + WHOLE
    factor = round(math.ldexp(math.log2(math.e), places))
    product = products.mul_constant(b, (*x[:-1], b.inv(x[-1])), factor, places)
    moved = round(math.ldexp(math.log2(math.e), width - 1))
    product = words.zero_extend(b, product, FRAC + FLOAT.exponent)
    return exp2(b, words.add(b, product, words.constant(b, -moved, len(product))), beyond, sign, nan)


def exp2(b: CircuitBuilder, y: Wires, beyond: int, sign: int, nan: int) -> Float:
    """2^y with a relative error below 2^-21, for a signed y with ``FRAC`` fractional bits; else as ``exp``."""
    fraction, exponent = y[:FRAC], words.sign_extend(y[FRAC:], FLOAT.exponent)
    *mantissa, _ = pieces(np.exp2, 0.0, 1.0, FRAC, ERROR, (2 << FRAC) - 1).evaluate(b, fraction)
    nonzero = b.inv(b.and_(beyond, sign))
    return Float((*mantissa, nonzero), exponent, b.constant(False), b.and_(beyond, b.inv(sign)), nan)
