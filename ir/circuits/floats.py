"""Normalised numbers inside circuits: precision is relative, and independent of magnitude.

A number is ``(-1)^sign · mantissa / 2^(m-1) · 2^exponent`` with an explicit leading one; where that is zero, so is the
number, whatever the other bits are. Two more wires say infinity and not-a-number, and all operations treat these as
IEEE 754 (and TensorFlow) do. Results that fit the mantissa are exact, others are one of the two numbers next to the
true one. Additions do not exist here, sums are cheaper on shares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ezprivsecfl.ir.circuits import products, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires


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


def to_fixed(b: CircuitBuilder, x: Float, width: int, frac: int, highest: int | None = None) -> tuple[Wires, int]:
    """``x · 2^frac`` rounded toward zero, modulo 2^width, and a wire that is set where that is not what was asked for.

    The wire is set where x is infinite or not a number, or larger than ``highest`` says.

    Args:
        b: The builder.
        x: The number.
        width: Wires of the result.
        frac: Fractional bits of the result.
        highest: Where the highest one of the result may be; larger numbers give 0 and set the wire. Any by default.
    """
    m = len(x.mantissa)
    top = width + m - 2 if highest is None else max(highest, 0)
    # The mantissa starts with its highest bit at ``top`` and is shifted down: some steps by a power of two, then by
    # one of a few multiples of the next power.
    steps = 4 if top < width else 5
    bits = max(len(x.exponent), abs(top - frac).bit_length() + 1) + 1
    down = words.sub(b, words.constant(b, top - frac, bits), words.sign_extend(x.exponent, bits))
    register = words.constant(b, 0, max(0, top + 1 - m)) + x.mantissa[max(0, m - 1 - top) :]
    for i in range(steps):
        moved = words.mask(b, down[i], register)
        arrive = words.zero_extend(b, moved[1 << i :], len(register))
        register = tuple(b.xor(b.xor(*pair), other) for *pair, other in zip(register, moved, arrive, strict=True))
    magnitude = words.constant(b, 0, width)
    for multiple in range(top // (1 << steps) + 1):
        chosen = words.equal(b, down[steps:], words.constant(b, multiple, bits - steps))
        part = words.zero_extend(b, register[multiple << steps :], width)
        part = words.mask(b, b.and_(chosen, x.nonzero), part)
        magnitude = tuple(b.xor(*pair) for pair in zip(magnitude, part, strict=True))
    signed = min(width, top + 2)
    result = words.negate_if(b, x.sign, magnitude[:signed])
    invalid = b.or_(x.inf, x.nan)
    if highest is not None:
        invalid = b.or_(invalid, b.and_(down[-1], x.nonzero))
    return words.sign_extend(result, width), invalid


def neg(b: CircuitBuilder, x: Float) -> Float:
    """-x."""
    return replace(x, sign=b.inv(x.sign))


def abs_(b: CircuitBuilder, x: Float) -> Float:
    """|x|."""
    return replace(x, sign=b.constant(False))


def relu(b: CircuitBuilder, x: Float) -> Float:
    """max(x, 0); NaN stays NaN."""
    positive = b.inv(x.sign)
    mantissa = (*x.mantissa[:-1], b.and_(x.nonzero, positive))
    return replace(x, mantissa=mantissa, sign=b.constant(False), inf=b.and_(x.inf, positive))


def sign(b: CircuitBuilder, x: Float) -> Float:
    """-1, 0 or 1; NaN stays NaN."""
    low = (b.constant(False),) * (len(x.mantissa) - 1)
    return Float((*low, x.nonzero), words.constant(b, 0, len(x.exponent)), x.sign, b.constant(False), x.nan)


def select(b: CircuitBuilder, condition: int, x: Float, y: Float) -> Float:
    """x where the condition holds, else y, flags included."""
    format_ = FloatFormat(len(x.mantissa), len(x.exponent))
    return unpack(words.mux(b, condition, pack(x), pack(y)), format_)


def finish(b: CircuitBuilder, x: Float, exponent: Wires, inf: int, nan: int) -> Float:
    """The result of an operation, whose exponent has one bit more than the format, and its flags.

    Too large a number becomes infinite, too small a one zero; an infinity counts as non-zero.
    """
    leaves = b.xor(exponent[-1], exponent[-2])
    small = b.and_(leaves, exponent[-1])
    nonzero = b.and_(x.nonzero, b.inv(small))
    inf = b.or_(inf, b.and_(b.xor(leaves, small), nonzero))
    return Float((*x.mantissa[:-1], b.or_(nonzero, inf)), exponent[:-1], x.sign, inf, nan)


def mul(b: CircuitBuilder, x: Float, y: Float) -> Float:
    """x · y; 0 · inf is NaN. Relative error below 2^(1-m)."""
    normal = [(*v.mantissa[:-1], b.constant(True)) for v in (x, y)]
    product = products.mul_high(b, *normal)
    high = product[-1]
    nonzero = b.and_(x.nonzero, y.nonzero)
    mantissa = (*words.mux(b, high, product[1:-1], product[:-2]), nonzero)
    wide = len(x.exponent) + 1
    exponent = words.add(b, words.sign_extend(x.exponent, wide), words.sign_extend(y.exponent, wide), high)
    inf = b.or_(x.inf, y.inf)
    nan = b.or_(b.and_(inf, b.inv(nonzero)), b.or_(x.nan, y.nan))
    return finish(b, Float(mantissa, x.exponent, b.xor(x.sign, y.sign), inf, nan), exponent, inf, nan)


def _magnitude(b: CircuitBuilder, x: Float) -> Wires:
    """Bits that order the magnitudes of numbers, unless two are zero or two are infinite."""
    return (*x.mantissa[:-1], *x.exponent[:-1], b.inv(x.exponent[-1]), x.nonzero, x.inf)


def _alike(b: CircuitBuilder, x: Float, y: Float) -> int:
    """Whether both are zero, or both are infinite and of the same sign."""
    zero = b.inv(b.or_(x.nonzero, y.nonzero))
    return b.or_(zero, b.and_(b.and_(x.inf, y.inf), b.inv(b.xor(x.sign, y.sign))))


def less(b: CircuitBuilder, x: Float, y: Float) -> int:
    """x < y; false if one is NaN."""
    keys = []
    for number in (x, y):
        negative = b.and_(number.sign, number.nonzero)
        keys.append((*(b.xor(wire, negative) for wire in _magnitude(b, number)), b.inv(negative)))
    possible = b.inv(b.or_(_alike(b, x, y), b.or_(x.nan, y.nan)))
    return b.and_(words.less_unsigned(b, *keys), possible)


def equal(b: CircuitBuilder, x: Float, y: Float) -> int:
    """x = y; false if one is NaN."""
    same = words.equal(b, (*_magnitude(b, x), x.sign), (*_magnitude(b, y), y.sign))
    return b.and_(b.or_(same, _alike(b, x, y)), b.inv(b.or_(x.nan, y.nan)))


def less_equal(b: CircuitBuilder, x: Float, y: Float) -> int:
    """x ≤ y; false if one is NaN."""
    return b.and_(b.inv(less(b, y, x)), b.inv(b.or_(x.nan, y.nan)))


def max_(b: CircuitBuilder, x: Float, y: Float) -> Float:
    """The larger of two; NaN if one is NaN."""
    return replace(select(b, less(b, x, y), y, x), nan=b.or_(x.nan, y.nan))


def min_(b: CircuitBuilder, x: Float, y: Float) -> Float:
    """The smaller of two; NaN if one is NaN."""
    return replace(select(b, less(b, x, y), x, y), nan=b.or_(x.nan, y.nan))
