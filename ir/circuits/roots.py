"""Quotients and roots of normalised numbers, digit by digit.

Digits are -1 or 1, chosen by the sign of what remains, so a step is one addition or subtraction (non-restoring
division and square root: M. D. Ercegovac, T. Lang, "Division and Square Root: Digit-Recurrence Algorithms and
Implementations", 1994). The remainder starts with a few guard bits below the mantissa's last bit, and every step
shortens it by one bit from above; bits of the divisor or root that no longer reach its last bit are rounded off.
Thus the width falls with the precision that is left to decide, which saves almost half of the ANDs.

A rounded row is off by at most half of the remainder's last bit. Results start with half of their own last bit added,
which is more than all these errors: rounded down, they are exact where the true result fits, and off by less than one
unit of the last bit otherwise (a relative error below 2^(1-m)); the tests measure that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.circuits.floats import FLOAT, Float, FloatFormat, finish

QUOTIENT_GUARD = 5
ROOT_GUARD = 3
"""Bits of the remainder below the last bit of the operands."""

EXTRA = 1
"""Bits of a root beyond the mantissa, where its inverse is taken; both share the digits before."""


@dataclass
class _Remainder:
    """What remains, in two's complement. Every step doubles it; that is, its bits count twice as much.

    Args:
        b: The builder.
        wires: The bits.
        cut: Whether a row has been rounded; from then on there is one more bit, to hold the errors.
    """

    b: CircuitBuilder
    wires: Wires
    cut: bool = False

    @property
    def digit(self) -> int:
        """The next digit, as a bit: whether the remainder is not negative."""
        return self.b.inv(self.wires[-1])

    def step(self, row: Wires, shift: int, carry: int) -> None:
        """Doubles the remainder and adds ``(row + carry) · 2^shift``, where the row is signed."""
        if shift < 0:
            row, carry = row[-shift:], row[-shift - 1]
        if self.cut or shift >= 0:
            self.wires = self.wires[:-1]
        self.cut = shift < 0
        below, above = self.wires[: max(shift, 0)], self.wires[max(shift, 0) :]
        self.wires = below + words.add(self.b, above, words.sign_extend(row, len(above)), carry)


def _digits(b: CircuitBuilder, remainder: _Remainder, divisor: Wires, shift: int, count: int) -> Wires:
    """The next bits of a quotient; the first step adds or subtracts ``divisor · 2^shift``."""
    quotient = []
    for i in range(count):
        subtract = remainder.digit
        row = (*(b.xor(wire, subtract) for wire in divisor), subtract)
        remainder.step(row, shift - i, subtract)
        quotient.append(remainder.digit)
    return tuple(reversed(quotient))


def _quotient(b: CircuitBuilder, x: Wires, y: Wires) -> Wires:
    """x / y for mantissas of m bits, between 1/2 and 2: one bit before and m bits after the point."""
    half = words.constant(b, 1 << (QUOTIENT_GUARD - 2), QUOTIENT_GUARD)
    difference = words.sub(b, (*x, b.constant(False)), (*y, b.constant(False)))
    remainder = _Remainder(b, half + difference)
    whole = remainder.digit
    return (*_digits(b, remainder, y, QUOTIENT_GUARD - 1, len(x)), whole)


def _inverse(b: CircuitBuilder, y: Wires, m: int) -> Wires:
    """1 / y for a mantissa of any width: m bits after the point, the first of which is one.

    The inverse of 1 would not fit and comes out one unit too small.
    """
    width = m + QUOTIENT_GUARD
    shift = width - 1 - len(y)
    start = words.constant(b, (1 << (width - 1)) + (1 << (QUOTIENT_GUARD - 2)), width)
    # After the first two digits, which are known, 2 - y remains.
    aligned = words.zero_extend(b, words.constant(b, 0, shift) + y, width)
    remainder = _Remainder(b, (*words.sub(b, start, aligned)[:-1], b.constant(False)))
    return (*_digits(b, remainder, y, shift - 1, m - 1), b.constant(True))


def _root(b: CircuitBuilder, radicand: Wires, m: int) -> Wires:
    """The square root of a number from 1 to 4, given with two bits before the point: m bits, the first one before it.

    With the bits a found so far, what is added or subtracted next is a, followed by 101 or 011.
    """
    width = m + 1 + ROOT_GUARD
    low = width - len(radicand)
    half = words.constant(b, (1 << ROOT_GUARD) - 1, low)
    # The first digit compares with 3/2, whose square is 9/4.
    start = half + radicand[:-4] + words.add(b, radicand[-4:], words.constant(b, 16 - 9, 4))
    remainder = _Remainder(b, start)
    found: Wires = ()
    for j in range(m - 1):
        one = remainder.digit
        if j + 2 < m:
            subtracted = tuple(b.xor(wire, one) for wire in (*found, b.constant(True)))
            tail = words.constant(b, 3, 3)
            remainder.step((*tail, *subtracted, one), width - 6 - 2 * j, b.constant(False))
        found = (one, *found)
    return (*found, b.constant(True))


def _normal(b: CircuitBuilder, x: Float) -> Wires:
    """The mantissa of a number that is not zero."""
    return (*x.mantissa[:-1], b.constant(True))


@dataclass
class _Radicand:
    """A number as ``bits · 4^half``, where the bits, two of them before the point, are a number from 1 to 4."""

    bits: Wires
    half: Wires
    nonzero: int
    inf: int
    nan: int


def _radicand(b: CircuitBuilder, x: Float) -> _Radicand:
    odd, mantissa = x.exponent[0], _normal(b, x)
    moved = words.mask(b, odd, mantissa)
    low = (*(b.xor(p, q) for p, q in zip(mantissa, moved, strict=True)), b.constant(False))
    bits = tuple(b.xor(p, q) for p, q in zip(low, (b.constant(False), *moved), strict=True))
    half = words.sign_extend(x.exponent[1:], len(x.exponent))
    return _Radicand(bits, half, x.nonzero, x.inf, b.or_(x.nan, b.and_(x.sign, x.nonzero)))


def _fixed_radicand(b: CircuitBuilder, x: Wires, frac: int, format_: FloatFormat) -> _Radicand:
    """Of a signed fixed-point number: normalised by an even number of places, so an odd exponent costs nothing."""
    *magnitude, sign = x
    if (len(magnitude) - frac) % 2:
        magnitude.append(b.constant(False))
    bits, places = words.normalise(b, tuple(magnitude), format_.mantissa + 1, smallest=2)
    highest = words.constant(b, (len(magnitude) - frac) // 2 - 1, format_.exponent)
    half = words.sub(b, highest, words.zero_extend(b, places, format_.exponent))
    return _Radicand(bits, half, b.or_(bits[-1], bits[-2]), b.constant(False), sign)


def reciprocal(b: CircuitBuilder, x: Float) -> Float:
    """1 / x: infinite at 0, zero at infinity."""
    inverse = _inverse(b, _normal(b, x), len(x.mantissa))
    exponent = words.invert(b, x.exponent)  # -e - 1
    return _with_pole(b, inverse, exponent, x)


def rsqrt(b: CircuitBuilder, x: Float) -> Float:
    """1 / √x: infinite at 0, NaN below."""
    return _inverse_root(b, _radicand(b, x), len(x.mantissa))


def rsqrt_fixed(b: CircuitBuilder, x: Wires, frac: int, format_: FloatFormat = FLOAT) -> Float:
    """1 / √x of a signed fixed-point word."""
    return _inverse_root(b, _fixed_radicand(b, x, frac, format_), format_.mantissa)


def sqrt(b: CircuitBuilder, x: Float) -> Float:
    """√x: NaN below 0."""
    return _square_root(b, _radicand(b, x), len(x.mantissa))


def sqrt_fixed(b: CircuitBuilder, x: Wires, frac: int, format_: FloatFormat = FLOAT) -> Float:
    """√x of a signed fixed-point word."""
    return _square_root(b, _fixed_radicand(b, x, frac, format_), format_.mantissa)


def _square_root(b: CircuitBuilder, x: _Radicand, m: int) -> Float:
    root = _root(b, x.bits, m + EXTRA)[EXTRA:]
    return Float((*root[:-1], x.nonzero), x.half, b.constant(False), x.inf, x.nan)


def _inverse_root(b: CircuitBuilder, x: _Radicand, m: int) -> Float:
    inverse = _inverse(b, _root(b, x.bits, m + EXTRA), m)
    return _with_pole(b, inverse, words.invert(b, x.half), x)


def div(b: CircuitBuilder, x: Float, y: Float) -> Float:
    """x / y: infinite where only y is 0, NaN for 0 / 0."""
    quotient = _quotient(b, _normal(b, x), _normal(b, y))
    whole = quotient[-1]
    nonzero = b.and_(x.nonzero, b.inv(y.inf))
    mantissa = (*words.mux(b, whole, quotient[1:-1], quotient[:-2]), nonzero)
    wide = len(x.exponent) + 1
    # e - f, less one if the quotient is below 1.
    difference = words.add(
        b, words.sign_extend(x.exponent, wide), words.sign_extend(words.invert(b, y.exponent), wide), whole
    )
    invalid = b.or_(b.and_(x.inf, y.inf), b.inv(b.or_(x.nonzero, y.nonzero)))
    inf = b.or_(x.inf, b.inv(y.nonzero))
    nan = b.or_(invalid, b.or_(x.nan, y.nan))
    return finish(b, Float(mantissa, x.exponent, b.xor(x.sign, y.sign), inf, nan), difference, inf, nan)


def div_no_nan(b: CircuitBuilder, x: Float, y: Float) -> Float:
    """x / y, and 0 where y is 0."""
    quotient = div(b, x, y)
    mantissa = (*quotient.mantissa[:-1], b.and_(quotient.nonzero, y.nonzero))
    inf = b.and_(quotient.inf, y.nonzero)
    return replace(quotient, mantissa=mantissa, inf=inf, nan=b.or_(b.and_(quotient.nan, y.nonzero), y.nan))


def _with_pole(b: CircuitBuilder, inverse: Wires, exponent: Wires, x: Float | _Radicand) -> Float:
    """The inverse of x (or of its root), given the mantissa if x is finite and not zero."""
    sign = x.sign if isinstance(x, Float) else b.constant(False)
    return Float((*inverse[:-1], b.inv(x.inf)), exponent, sign, b.inv(x.nonzero), x.nan)
