"""Normalised numbers inside circuits: precision is relative, and independent of magnitude.

A number is ``(-1)^sign · mantissa / 2^(m-1) · 2^exponent`` with an explicit leading one; zero is mantissa 0. Two more
wires say infinity and not-a-number, and all operations treat these as IEEE 754 (and TensorFlow) do. Results are
rounded toward zero; additions do not exist here, sums are cheaper on shares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ezprivsecfl.compiler.circuits import words
from ezprivsecfl.compiler.circuits.builder import CircuitBuilder, Wires


@dataclass(frozen=True)
class FloatFormat:
    """Widths of mantissa and exponent.

    Args:
        mantissa: Bits of the mantissa, the leading one included.
        exponent: Bits of the exponent, in two's complement.
    """

    mantissa: int = 24
    exponent: int = 9

    @property
    def width(self) -> int:
        """Wires per number: mantissa, exponent, sign, inf, nan."""
        return self.mantissa + self.exponent + 3

    def __str__(self) -> str:
        return f"float {self.mantissa} {self.exponent}"


FLOAT = FloatFormat()
"""The format that the compiler uses."""


@dataclass(frozen=True)
class Float:
    """The wires of one number; where ``inf`` is set the mantissa's highest bit is set too."""

    mantissa: Wires
    exponent: Wires
    sign: int
    inf: int
    nan: int

    @property
    def nonzero(self) -> int:
        """Whether the number is not zero."""
        return self.mantissa[-1]


def pack(x: Float) -> Wires:
    """All wires in the order mantissa, exponent, sign, inf, nan."""
    return (*x.mantissa, *x.exponent, x.sign, x.inf, x.nan)


def unpack(wires: Wires, format_: FloatFormat = FLOAT) -> Float:
    """The number that ``pack`` made wires of."""
    m, e = format_.mantissa, format_.exponent
    return Float(wires[:m], wires[m : m + e], *wires[m + e :])


def constant(b: CircuitBuilder, value: float, format_: FloatFormat = FLOAT) -> Float:
    """A constant, rounded to nearest."""
    false, true = b.constant(False), b.constant(True)
    m, e = format_.mantissa, format_.exponent
    if not math.isfinite(value):
        ones = words.constant(b, 1 << (m - 1), m)
        negative = b.constant(value < 0)
        return Float(
            ones, words.constant(b, 0, e), negative, b.constant(math.isinf(value)), b.constant(math.isnan(value))
        )
    if value == 0:
        return Float((false,) * m, (false,) * e, false, false, false)
    fraction, exponent = math.frexp(abs(value))
    mantissa = round(fraction * 2**m)
    if mantissa == 1 << m:
        mantissa, exponent = mantissa >> 1, exponent + 1
    limit = 1 << (e - 1)
    if not -limit <= exponent - 1 < limit:
        return constant(b, math.copysign(math.inf if exponent > 0 else 0.0, value), format_)
    return Float(
        words.constant(b, mantissa, m),
        words.constant(b, exponent - 1, e),
        true if value < 0 else false,
        false,
        false,
    )


def from_fixed(b: CircuitBuilder, x: Wires, frac: int, format_: FloatFormat = FLOAT) -> Float:
    """A signed fixed-point word with ``frac`` fractional bits as a normalised number; bits beyond m are dropped."""
    sign = x[-1]
    magnitude = words.abs_(b, x)
    mantissa, places = words.normalise(b, magnitude, format_.mantissa)
    highest = words.constant(b, len(x) - 1 - frac, format_.exponent)
    exponent = words.sub(b, highest, words.zero_extend(b, places, format_.exponent))
    return Float(mantissa, exponent, sign, b.constant(False), b.constant(False))


def to_fixed(b: CircuitBuilder, x: Float, width: int, frac: int) -> tuple[Wires, int]:
    """``x · 2^frac`` rounded toward zero, modulo 2^width, and a wire that is set where x is infinite or NaN."""
    m = len(x.mantissa)
    # Position of the leading one; the mantissa starts m - 1 places below position 0 and is shifted up to there.
    bits = max(len(x.exponent), abs(frac).bit_length() + 1) + 1
    position = words.add(b, words.sign_extend(x.exponent, bits), words.constant(b, frac, bits))
    steps = (width + m - 2).bit_length()
    out_of_reach = words.nonzero(b, position[steps:])
    mantissa = words.mask(b, b.inv(out_of_reach), x.mantissa)
    register = mantissa
    for i in range(min(steps, bits)):
        register = (register + words.constant(b, 0, 1 << i))[: width + m - 1]
        lower = (words.constant(b, 0, 1 << i) + register)[: len(register)]
        register = words.mux(b, position[i], lower, register)
    magnitude = words.zero_extend(b, register[m - 1 :], width)
    return words.negate_if(b, x.sign, magnitude), b.or_(x.inf, x.nan)


def neg(b: CircuitBuilder, x: Float) -> Float:
    """-x."""
    return replace(x, sign=b.inv(x.sign))


def abs_(b: CircuitBuilder, x: Float) -> Float:
    """|x|."""
    return replace(x, sign=b.constant(False))


def relu(b: CircuitBuilder, x: Float) -> Float:
    """max(x, 0); NaN stays NaN."""
    positive = b.inv(x.sign)
    return replace(x, mantissa=words.mask(b, positive, x.mantissa), sign=b.constant(False), inf=b.and_(x.inf, positive))


def sign(b: CircuitBuilder, x: Float) -> Float:
    """-1, 0 or 1; NaN stays NaN."""
    low = (b.constant(False),) * (len(x.mantissa) - 1)
    return Float((*low, x.nonzero), words.constant(b, 0, len(x.exponent)), x.sign, b.constant(False), x.nan)


def select(b: CircuitBuilder, condition: int, x: Float, y: Float) -> Float:
    """x where the condition holds, else y, flags included."""
    format_ = FloatFormat(len(x.mantissa), len(x.exponent))
    return unpack(words.mux(b, condition, pack(x), pack(y)), format_)


def _saturated(b: CircuitBuilder, x: Float, wide: Wires) -> Float:
    """A number whose exponent may leave the format: too large becomes infinite, too small becomes zero."""
    e = len(x.exponent)
    top = wide[-1]
    leaves = words.nonzero(b, tuple(b.xor(top, w) for w in wide[e - 1 : -1]))
    mantissa = words.mask(b, b.inv(b.and_(leaves, top)), x.mantissa)
    overflow = b.and_(b.and_(leaves, b.inv(top)), mantissa[-1])
    return replace(x, mantissa=mantissa, exponent=wide[:e], inf=b.or_(x.inf, overflow))


def _infinite(b: CircuitBuilder, x: Float, inf: int, nan: int) -> Float:
    """Sets the flags; an infinity counts as non-zero."""
    mantissa = (*x.mantissa[:-1], b.or_(x.mantissa[-1], inf))
    return replace(x, mantissa=mantissa, inf=b.or_(x.inf, inf), nan=nan)


def mul(b: CircuitBuilder, x: Float, y: Float) -> Float:
    """x · y; 0 · inf is NaN. Relative error below 2^(2-m) (the lowest columns of the product are left out)."""
    m = len(x.mantissa)
    product = words.mul(b, x.mantissa, y.mantissa, first_column=max(0, m - 8))
    high = product[-1]
    mantissa = words.mux(b, high, product[m:], product[m - 1 : -1])
    wide = len(x.exponent) + 2
    exponent = words.add(b, words.sign_extend(x.exponent, wide), words.sign_extend(y.exponent, wide), high)
    false = b.constant(False)
    result = _saturated(b, Float(mantissa, x.exponent, b.xor(x.sign, y.sign), false, false), exponent)
    inf = b.or_(x.inf, y.inf)
    invalid = b.or_(b.and_(x.inf, b.inv(y.nonzero)), b.and_(y.inf, b.inv(x.nonzero)))
    return _infinite(b, result, inf, b.or_(invalid, b.or_(x.nan, y.nan)))


def _key(b: CircuitBuilder, x: Float) -> Wires:
    """A number that orders magnitudes: mantissa, biased exponent, infinity; 0 for zero."""
    biased = (*x.exponent[:-1], b.inv(x.exponent[-1]))
    finite = words.mask(b, b.inv(x.inf), (*x.mantissa, *words.mask(b, x.nonzero, biased)))
    return (*finite, x.inf)


def less(b: CircuitBuilder, x: Float, y: Float) -> int:
    """x < y; false if one is NaN."""
    p, q = _key(b, x), _key(b, y)
    negative_x, negative_y = b.and_(x.sign, x.nonzero), b.and_(y.sign, y.nonzero)
    below, above = words.less_unsigned(b, p, q), words.less_unsigned(b, q, p)
    same_sign = b.inv(b.xor(negative_x, negative_y))
    smaller = words.mux(b, negative_x, (above,), (below,))[0]
    result = words.mux(b, same_sign, (smaller,), (negative_x,))[0]
    return b.and_(result, b.inv(b.or_(x.nan, y.nan)))


def equal(b: CircuitBuilder, x: Float, y: Float) -> int:
    """x = y; false if one is NaN."""
    signs = b.or_(b.inv(b.xor(x.sign, y.sign)), b.inv(x.nonzero))
    same = b.and_(words.equal(b, _key(b, x), _key(b, y)), signs)
    return b.and_(same, b.inv(b.or_(x.nan, y.nan)))


def less_equal(b: CircuitBuilder, x: Float, y: Float) -> int:
    """x ≤ y; false if one is NaN."""
    return b.and_(b.inv(less(b, y, x)), b.inv(b.or_(x.nan, y.nan)))


def max_(b: CircuitBuilder, x: Float, y: Float) -> Float:
    """The larger of two; NaN if one is NaN."""
    return replace(select(b, less(b, x, y), y, x), nan=b.or_(x.nan, y.nan))


def min_(b: CircuitBuilder, x: Float, y: Float) -> Float:
    """The smaller of two; NaN if one is NaN."""
    return replace(select(b, less(b, x, y), x, y), nan=b.or_(x.nan, y.nan))
