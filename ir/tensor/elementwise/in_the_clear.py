"""Operations that are only computed in the clear: on public values, or on a result after it was opened."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.interval import UNBOUNDED, Interval
from ezprivsecfl.ir.tensor.elementwise.base import Binary, FloatUnary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


class Exp(FloatUnary, name="exp"):
    """e^x (public values only)."""

    non_negative = Holds.ALWAYS
    integral = Holds.UNKNOWN
    partial = False
    computed = Computed.IN_CLEAR
    jumps = Jumps.NOWHERE

    function = np.exp

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """e^x never decreases with x."""
        return operands[0].map(_exp)


class FloorDiv(Binary, name="floor_div"):
    """x / y rounded down (public values only)."""

    non_negative = Holds.UNKNOWN
    integral = Holds.OF_ALL
    partial = True
    computed = Computed.IN_CLEAR
    jumps = Jumps.AT_INTEGERS

    function = np.floor_divide

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Quotients rounded down; numpy's integers divided by 0 give 0."""
        return (operands[0] / operands[1]).hull(Interval(0.0, 0.0)).rounded(math.floor)


class FloorMod(Binary, name="floor_mod"):
    """Remainder with the sign of y (public values only)."""

    non_negative = Holds.UNKNOWN
    integral = Holds.OF_ALL
    partial = True
    computed = Computed.IN_CLEAR
    jumps = Jumps.AT_INTEGERS

    function = np.mod

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Between 0 and y; numpy's remainder of integers by 0 is 0."""
        return operands[1].hull(Interval(0.0, 0.0))


class Pow(Binary, name="pow"):
    """x to the power y (public values only; small constant powers become products)."""

    non_negative = Holds.UNKNOWN
    integral = Holds.UNKNOWN
    partial = True
    computed = Computed.IN_CLEAR
    jumps = Jumps.NOWHERE

    function = np.power

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """A power of what is not negative is not negative; nothing else is known."""
        return Interval(0.0, math.inf) if operands[0].lo >= 0 else UNBOUNDED
