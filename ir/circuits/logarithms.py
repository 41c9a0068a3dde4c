"""The natural logarithm of normalised numbers.

``log(m · 2^e) = e · log 2 + log m`` for m from 1 to 2. The last term is a parabola in each of 64 segments, through the
values at Chebyshev's nodes: by the remainder of interpolation (W. Gautschi, "Numerical Analysis", 2012, section 2.2.2)
it is off by at most ``max |f'''| / (6 · 4) · (h / 2)^3 = 2^-24.6`` for ``h = 2^-6``, and coefficients and products are
rounded at ``2^-28``. Reading a table costs ANDs for its index only, since its bits are sums of "is the index i".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ezprivsecfl.ir.circuits import floats, products, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.circuits.floats import Float, FloatFormat

FRAC = 28
"""Fractional bits of the logarithm before it is normalised."""

INDEX = 6
"""Bits of a segment's number."""


def log(b: CircuitBuilder, x: Float) -> Float:
    """log x, with an absolute error below 2^-23 or a relative one of 2^-23: -inf at 0, NaN below."""
    m, e = len(x.mantissa), len(x.exponent)
    rest, segment = x.mantissa[: m - 1 - INDEX], x.mantissa[m - 1 - INDEX : m - 1]
    constant, slope, curvature = (_table(b, segment, column) for column in _coefficients())
    bent = products.mul(b, curvature, rest)[len(rest) :]
    tilted = products.mul(b, words.sub(b, slope, words.zero_extend(b, bent, len(slope))), rest)[len(rest) :]
    width = FRAC + e
    fraction = words.add(b, words.zero_extend(b, constant, width), words.zero_extend(b, tilted, width))
    half = e // 2
    low = _table(b, x.exponent[:half], [_fixed(k * math.log(2)) for k in range(1 << half)])
    high = range(1 << (e - half))
    signed = [k - ((k >> (e - half - 1)) << (e - half)) for k in high]
    top = _table(b, x.exponent[half:], [_fixed((k << half) * math.log(2)) % (1 << width) for k in signed], width)
    whole = words.add(b, words.zero_extend(b, low, width), top)
    result = floats.from_fixed(b, words.add(b, whole, fraction), FRAC, FloatFormat(m, e))
    zero = b.inv(x.nonzero)
    inf = b.or_(x.inf, zero)
    sign = b.or_(zero, b.and_(result.sign, b.inv(x.inf)))
    nan = b.or_(x.nan, b.and_(x.sign, x.nonzero))
    return replace(result, mantissa=(*result.mantissa[:-1], b.or_(result.nonzero, inf)), sign=sign, inf=inf, nan=nan)


def _fixed(value: float) -> int:
    return round(math.ldexp(value, FRAC))


def _coefficients() -> tuple[list[int], list[int], list[int]]:
    """Per segment A, B and C of ``log m = A + B·t - C·t²``, where t goes from 0 to 1 along the segment."""
    nodes = (1 - np.cos(np.pi * (np.arange(3) + 0.5) / 3)) / 2
    rows = []
    for segment in range(1 << INDEX):
        square, linear, constant = np.polyfit(nodes, np.log(1 + (segment + nodes) / (1 << INDEX)), 2)
        rows.append((_fixed(max(constant, 0.0)), _fixed(linear), _fixed(-square)))
    constants, slopes, curvatures = zip(*rows, strict=True)
    return list(constants), list(slopes), list(curvatures)


def _table(b: CircuitBuilder, index: Wires, entries: Sequence[int], width: int | None = None) -> Wires:
    """The entry at an index, of as many bits as the largest one needs."""
    chosen = [b.constant(True)]  # per entry whether it is the one, for the bits of the index so far
    for bit in index:
        with_one = words.mask(b, bit, tuple(chosen))
        chosen = [*(b.xor(p, q) for p, q in zip(chosen, with_one, strict=True)), *with_one]
    bits = []
    for place in range(max(entries).bit_length() if width is None else width):
        wire = b.constant(False)
        for one, entry in zip(chosen, entries, strict=True):
            wire = b.xor(wire, one) if entry >> place & 1 else wire
        bits.append(wire)
    return tuple(bits)
