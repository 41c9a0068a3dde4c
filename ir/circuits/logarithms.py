"""The natural logarithm of normalised numbers.

``log(m · 2^e) = e · log 2 + log m`` for m from 1 to 2. The last term is a parabola in each of 64 segments
(``piecewise.py``), off by at most ``2^-24.6``; coefficients and products are rounded at ``2^-28``.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ezprivsecfl.ir.circuits import floats, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.floats import Float, FloatFormat
from ezprivsecfl.ir.circuits.piecewise import pieces
from ezprivsecfl.ir.circuits.tables import look_up

FRAC = 28
"""Fractional bits of the logarithm before it is normalised."""

ERROR = 2.0**-24.5
"""Of the parabolas."""


def log(b: CircuitBuilder, x: Float) -> Float:
    """log x, with an absolute or a relative error below 2^-22: -inf at 0, NaN below."""
    m, e = len(x.mantissa), len(x.exponent)
    width = FRAC + e
    fraction = words.zero_extend(b, pieces(np.log, 1.0, 2.0, FRAC, ERROR).evaluate(b, x.mantissa[: m - 1]), width)
    half = e // 2
    low = look_up(b, x.exponent[:half], [_fixed(k * math.log(2)) for k in range(1 << half)])
    high = range(1 << (e - half))
    signed = [k - ((k >> (e - half - 1)) << (e - half)) for k in high]
    top = look_up(b, x.exponent[half:], [_fixed((k << half) * math.log(2)) % (1 << width) for k in signed], width)
    whole = words.add(b, words.zero_extend(b, low, width), top)
    result = floats.from_fixed(b, words.add(b, whole, fraction), FRAC, FloatFormat(m, e))
    zero = b.inv(x.nonzero)
    inf = b.or_(x.inf, zero)
    sign = b.or_(zero, b.and_(result.sign, b.inv(x.inf)))
    nan = b.or_(x.nan, b.and_(x.sign, x.nonzero))
    return replace(result, mantissa=(*result.mantissa[:-1], b.or_(result.nonzero, inf)), sign=sign, inf=inf, nan=nan)


def _fixed(value: float) -> int:
    return round(math.ldexp(value, FRAC))
