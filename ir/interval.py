"""Closed intervals of real numbers, and arithmetic on them.

An interval holds every *finite* number that an entry of a value may be. Infinities and NaN are in no interval: whoever
lets an entry leave a circuit checks that it is finite. So an infinite end means "no bound", and 0 times it is 0.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

LARGEST = sys.float_info.max
"""Finite numbers are not above it, so neither is a lower end."""


@dataclass(frozen=True)
class Interval:
    """All x with ``lo <= x <= hi``; the ends may be infinite.

    Args:
        lo: The lower end.
        hi: The upper end, not below the lower.
    """

    lo: float
    hi: float

    def __post_init__(self) -> None:
        if not self.lo <= self.hi:
            raise ValueError(f"no interval: [{self.lo}, {self.hi}]")
        object.__setattr__(self, "lo", min(self.lo, LARGEST))
        object.__setattr__(self, "hi", max(self.hi, -LARGEST))

    @staticmethod
    def within(magnitude: float) -> Interval:
        """All x with ``|x| <= magnitude``."""
        return Interval(-magnitude, magnitude)

    @property
    def magnitude(self) -> float:
        """The largest absolute value."""
        return max(abs(self.lo), abs(self.hi))

    @property
    def mignitude(self) -> float:
        """The smallest absolute value."""
        return max(self.lo, -self.hi, 0.0)

    @property
    def is_bounded(self) -> bool:
        """Whether both ends are finite."""
        return math.isfinite(self.magnitude)

    def __contains__(self, x: float) -> bool:
        return self.lo <= x <= self.hi

    def capped(self, magnitude: float) -> Interval:
        """Those of the numbers whose absolute value is at most ``magnitude``; if there is none, the nearest."""
        return self.map(lambda end: min(max(end, -magnitude), magnitude))

    def map(self, function: Callable[[float], float]) -> Interval:
        """The image under a function that never decreases."""
        return Interval(function(self.lo), function(self.hi))

    def rounded(self, function: Callable[[float], int]) -> Interval:
        """The image under a rounding to integers, which leaves infinite ends as they are."""
        return self.map(lambda end: float(function(end)) if math.isfinite(end) else end)

    def hull(self, other: Interval) -> Interval:
        """The smallest interval that holds both."""
        return Interval(min(self.lo, other.lo), max(self.hi, other.hi))

    def maximum(self, other: Interval) -> Interval:
        """Of the larger one of two numbers."""
        return Interval(max(self.lo, other.lo), max(self.hi, other.hi))

    def minimum(self, other: Interval) -> Interval:
        """Of the smaller one of two numbers."""
        return Interval(min(self.lo, other.lo), min(self.hi, other.hi))

    def __neg__(self) -> Interval:
        return Interval(-self.hi, -self.lo)

    def __abs__(self) -> Interval:
        return Interval(self.mignitude, self.magnitude)

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.lo + other.lo, self.hi + other.hi)

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, other: Interval) -> Interval:
        ends = [product(a, b) for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
        return Interval(min(ends), max(ends))

    def __truediv__(self, other: Interval) -> Interval:
        """Quotients with every divisor but 0."""
        if other.lo < 0 < other.hi or other.magnitude == 0:
            return Interval(0.0, 0.0) if self.magnitude == 0 else UNBOUNDED
        near_zero = math.copysign(math.inf, other.lo + other.hi)  # 1/y for the smallest divisors, if one end is 0
        ends = [quotient(a, b, near_zero) for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
        return Interval(min(ends), max(ends))

    def square(self) -> Interval:
        """Squares."""
        return abs(self).map(lambda end: end * end)

    def sqrt(self) -> Interval:
        """Square roots of those that have one; 0 if none has."""
        return self.map(lambda end: math.sqrt(max(end, 0.0)))

    def times_count(self, fewest: int, most: int) -> Interval:
        """Sums of at least ``fewest`` and at most ``most`` of the numbers."""
        lo = product(self.lo, fewest if self.lo > 0 else most)
        return Interval(lo, product(self.hi, most if self.hi > 0 else fewest))


def product(a: float, b: float) -> float:
    """``a · b``, and 0 if one is 0 and the other infinite."""
    return 0.0 if a == 0 or b == 0 else a * b


def quotient(a: float, b: float, inverse_of_zero: float) -> float:
    """``a / b``; 0 if a is 0 or b infinite, and an infinity of the given sign if only b is 0."""
    if a == 0 or math.isinf(b):
        return 0.0
    return a * inverse_of_zero if b == 0 else a / b


def power(x: float, exponent: float) -> float:
    """``x`` to some power for ``x >= 0``; infinite where it overflows and for negative powers of 0."""
    try:
        return math.pow(x, exponent)
    except (OverflowError, ValueError):
        return math.inf


UNBOUNDED = Interval(-math.inf, math.inf)
"""All numbers."""

TRUTH = Interval(0.0, 1.0)
"""Truth values: 0 and 1."""
