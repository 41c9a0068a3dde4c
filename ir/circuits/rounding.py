"""Rounding to integers: down, up, and to nearest with ties to even, of fixed-point words and of normalised numbers.

Fixed point: what is rounded down loses its fractional bits, and one is added where the rule says so. Normalised
numbers: the exponent says which bits of the mantissa are fractional (a thermometer code), these are cleared, and the
unit is added to the magnitude where the rule says so. All results are exact.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.circuits.floats import Float


class Dropped(NamedTuple):
    """What decides about the bits that are dropped.

    Args:
        negative: Whether the bits kept count downwards: a sign that is not part of them.
        lowest: The lowest bit that is kept.
        half: The highest bit that is dropped.
        rest: Whether any bit below that is set.
    """

    negative: int
    lowest: int
    half: int
    rest: int


Rule = Callable[[CircuitBuilder, Dropped], int]
"""Whether one unit is added to the bits that are kept."""


def down(b: CircuitBuilder, x: Dropped) -> int:
    """Toward minus infinity."""
    return b.and_(x.negative, b.or_(x.half, x.rest))


def up(b: CircuitBuilder, x: Dropped) -> int:
    """Toward plus infinity."""
    return b.and_(b.inv(x.negative), b.or_(x.half, x.rest))


def toward_zero(b: CircuitBuilder, x: Dropped) -> int:
    """Of a normalised number; the word of a negative fixed-point number counts downwards."""
    return b.constant(False)


def to_even(b: CircuitBuilder, x: Dropped) -> int:
    """To the nearest integer, ties to the even one."""
    return b.and_(x.half, b.or_(x.rest, x.lowest))


def round_fixed(b: CircuitBuilder, rule: Rule, x: Wires, frac: int) -> Wires:
    """A signed word with ``frac`` fractional bits as a signed integer; at most one AND per bit."""
    if frac == 0:
        return x
    x = words.sign_extend(x, max(len(x), frac + 1) + 1)  # room for the unit
    kept = x[frac:]
    # In two's complement the bits that are kept are those of the number rounded down, also below zero.
    dropped = Dropped(b.constant(False), kept[0], x[frac - 1], words.nonzero(b, x[: frac - 1]))
    return words.add(b, kept, words.constant(b, 0, len(kept)), rule(b, dropped))


def round_float(b: CircuitBuilder, rule: Rule, x: Float) -> Float:
    """A normalised number rounded to an integer; zero, infinities and NaN stay as they are."""
    m = len(x.mantissa)
    # Bit i of the mantissa counts 2^(i - m + 1 + exponent). Bit m is where a carry out of the mantissa goes.
    fractional = [_below(b, x.exponent, m - 1 - i) for i in range(m + 1)]
    below_half = fractional[m]
    units = [b.xor(p, q) for p, q in itertools.pairwise(fractional)]  # bit i + 1 is the unit
    zero = b.constant(False)
    extended = (*x.mantissa, zero)
    half, lowest, rest = zero, zero, zero
    for i, unit in enumerate(units):
        half = b.xor(half, b.and_(unit, extended[i]))
        lowest = b.xor(lowest, b.and_(unit, extended[i + 1]))
        rest = b.or_(rest, b.and_(fractional[i + 1], extended[i]))
    one_more = b.and_(rule(b, Dropped(x.sign, lowest, half, rest)), x.nonzero)
    kept = tuple(b.and_(b.inv(f), bit) for f, bit in zip(fractional, extended, strict=True))
    unit_added = (zero, *words.mask(b, one_more, tuple(units)))
    *mantissa, carry = words.add(b, kept, unit_added)
    becomes_one = b.and_(below_half, one_more)
    nonzero = b.or_(mantissa[-1], b.or_(b.or_(carry, becomes_one), x.inf))
    exponent = words.add(b, x.exponent, words.constant(b, 0, len(x.exponent)), carry)
    exponent = words.mask(b, b.inv(below_half), exponent)  # 0 is the exponent of the one that a fraction may become
    return replace(x, mantissa=(*mantissa[:-1], nonzero), exponent=exponent)


def _below(b: CircuitBuilder, x: Wires, limit: int) -> int:
    """x < limit for a signed number and a constant."""
    return words.less(b, x, words.constant(b, limit, len(x)))
