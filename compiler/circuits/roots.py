"""Reciprocals and roots of normalised numbers by piecewise quadratic approximation of the mantissa.

The upper mantissa bits choose a segment, whose coefficients are constants and so cost next to nothing (see
``words.lookup``); the lower bits go through ``c0 ± t · (c1 - c2 · t)`` with factors no wider than the result needs.
Method: J. A. Piñeiro, S. F. Oberman, J.-M. Muller, J. D. Bruguera, "High-Speed Function Approximation Using a Minimax
Quadratic Interpolator", IEEE Transactions on Computers 54(3), 2005; the coefficients here interpolate at Chebyshev
nodes, and their errors are measured over whole segments by the tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from ezprivsecfl.compiler.circuits import words
from ezprivsecfl.compiler.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.compiler.circuits.floats import Float, mul

SEGMENT_BITS = 6
"""Mantissa bits that choose a segment of a root (one more for the reciprocal)."""

BIAS = 2
"""Added to every approximation, in units of its last bit: more than all errors below it."""


@dataclass(frozen=True)
class Function:
    """A monotone function on [1, 4) or [1, 2): its sign of slope decides between + and - in the approximation."""

    name: str
    apply: Callable[[float], float]
    falling: bool
    octaves: int


RECIPROCAL = Function("reciprocal", lambda x: 1.0 / x, falling=True, octaves=1)
RSQRT = Function("rsqrt", lambda x: 1.0 / math.sqrt(x), falling=True, octaves=2)
SQRT = Function("sqrt", math.sqrt, falling=False, octaves=2)


@cache
def _segments(function: Function, bits: int, out: int) -> tuple[tuple[int, int, int], ...]:
    """Coefficients per segment as integers: c0 with ``out``, c1 and c2 with ``out - bits`` fractional bits.

    The variable t is the mantissa's offset within its segment, in units of the mantissa (1 to 2) in every octave.
    """
    table = []
    for octave in range(function.octaves):
        for segment in range(1 << bits):
            start, size = 1.0 + segment * 2.0**-bits, 2.0**-bits
            nodes = [size / 2 * (1 + math.cos(math.pi * (2 * k + 1) / 6)) for k in range(3)]
            values = [function.apply((start + t) * 2.0**octave) for t in nodes]
            c0, c1, c2 = _interpolate(nodes, values)
            slope = -c1 if function.falling else c1
            curve = c2 if function.falling else -c2
            scale = 2.0 ** (out - bits)
            # The leading one of the result is implied, so no error may carry a value below the power of two where
            # its range starts; nor may the first value of a falling function be 1.
            exact = round(c0 * 2.0**out) + BIAS
            largest = (1 << out) - 1 if function.falling else (2 << out) - 1
            table.append((min(exact, largest), round(slope * scale), round(curve * scale)))
    return tuple(table)


def _interpolate(x: list[float], y: list[float]) -> tuple[float, float, float]:
    """The coefficients of the parabola through three points."""
    first = (y[1] - y[0]) / (x[1] - x[0])
    second = ((y[2] - y[1]) / (x[2] - x[1]) - first) / (x[2] - x[0])
    c1 = first - second * (x[0] + x[1])
    return y[0] - first * x[0] + second * x[0] * x[1], c1, second


def _approximate(b: CircuitBuilder, function: Function, mantissa: Wires, octave: int | None) -> Wires:
    """The function's value with one bit before and m + 1 bits after the point, or m + 2 bits after it if falling."""
    m = len(mantissa)
    bits = min(SEGMENT_BITS + (2 - function.octaves), m - 1)
    t_bits = m - 1 - bits
    out = m + 2
    index = mantissa[t_bits : m - 1] + (() if octave is None else (octave,))
    table = _segments(function, bits, out)
    slope_bits = out - bits
    c0 = words.lookup(b, index, [c[0] for c in table], out + 1)
    c1 = words.lookup(b, index, [c[1] for c in table], slope_bits + 1)
    c2 = words.lookup(b, index, [c[2] for c in table], slope_bits + 1)
    t = mantissa[:t_bits]
    # c2 · t: t has m - 1 fractional bits; keep what reaches the slope's last bit.
    coarse = t[max(0, t_bits - slope_bits + bits) :]
    c2_high = c2[max(0, bits - 1) :]
    dropped = (m - 1) - (t_bits - len(coarse)) - (len(c2) - len(c2_high))
    bend = words.mul(b, c2_high, coarse)
    bend = words.zero_extend(b, bend[max(0, dropped) :], slope_bits + 1)
    slope = words.sub(b, c1, bend)
    total = len(slope) + t_bits
    cut = slope_bits + (m - 1) - out
    step = words.mul(b, slope, t, first_column=max(0, cut - 5)) if t_bits else words.constant(b, 0, total)
    step = words.zero_extend(b, step[cut:], out + 1)
    return words.sub(b, c0, step) if function.falling else words.add(b, c0, step)


def _halved(b: CircuitBuilder, x: Float) -> tuple[Wires, int]:
    """Half the exponent (rounded down) and whether it was odd."""
    return words.sign_extend(x.exponent[1:], len(x.exponent)), x.exponent[0]


def reciprocal(b: CircuitBuilder, x: Float) -> Float:
    """1 / x: infinite at 0, zero at infinity. Relative error below 2^(3-m)."""
    m = len(x.mantissa)
    value = _approximate(b, RECIPROCAL, x.mantissa, None)
    # The value lies within (1/2, 1): its first fractional bit is the leading one.
    mantissa = words.mask(b, b.and_(x.nonzero, b.inv(x.inf)), (*value[2 : m + 1], b.constant(True)))
    exponent = words.invert(b, x.exponent)  # -e - 1
    result = Float(mantissa, exponent, x.sign, b.constant(False), x.nan)
    return _pole(b, result, b.inv(x.nonzero))


def rsqrt(b: CircuitBuilder, x: Float) -> Float:
    """1 / √x: infinite at 0, NaN below. Relative error below 2^(3-m)."""
    m = len(x.mantissa)
    half, odd = _halved(b, x)
    value = _approximate(b, RSQRT, x.mantissa, odd)
    mantissa = words.mask(b, b.and_(x.nonzero, b.inv(x.inf)), (*value[2 : m + 1], b.constant(True)))
    negative = b.and_(x.sign, x.nonzero)
    result = Float(mantissa, words.invert(b, half), b.constant(False), b.constant(False), b.or_(x.nan, negative))
    return _pole(b, result, b.inv(x.nonzero))


def sqrt(b: CircuitBuilder, x: Float) -> Float:
    """√x: NaN below 0. Relative error below 2^(3-m)."""
    m = len(x.mantissa)
    half, odd = _halved(b, x)
    value = _approximate(b, SQRT, x.mantissa, odd)
    mantissa = words.mask(b, x.nonzero, (*value[3 : m + 2], b.constant(True)))
    negative = b.and_(x.sign, x.nonzero)
    return Float(mantissa, half, b.constant(False), x.inf, b.or_(x.nan, negative))


def div(b: CircuitBuilder, x: Float, y: Float) -> Float:
    """x / y: infinite where only y is 0, NaN for 0 / 0. Relative error below 2^(4-m)."""
    return mul(b, x, reciprocal(b, y))


def div_no_nan(b: CircuitBuilder, x: Float, y: Float) -> Float:
    """x / y, and 0 where y is 0."""
    inverse = reciprocal(b, y)
    inverse = replace(inverse, mantissa=words.mask(b, y.nonzero, inverse.mantissa), inf=b.constant(False))
    quotient = mul(b, x, inverse)
    return replace(
        quotient,
        mantissa=words.mask(b, y.nonzero, quotient.mantissa),
        inf=b.and_(quotient.inf, y.nonzero),
        nan=b.or_(b.and_(quotient.nan, y.nonzero), y.nan),
    )


def _pole(b: CircuitBuilder, x: Float, inf: int) -> Float:
    """Sets infinity, which counts as non-zero."""
    return replace(x, mantissa=(*x.mantissa[:-1], b.or_(x.mantissa[-1], inf)), inf=inf)
