"""Exponentials, and powers with any exponent."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import exponentials, floats, logarithms
from ezprivsecfl.ir.interval import Interval, power
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, normalised
from ezprivsecfl.ir.tensor.elementwise.base import Binary, FloatUnary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps

LARGEST = 2.0**32
"""Working range of results for operands that have no useful bound."""

BOUND = 2.0**60
"""Results above it are no use as a range: a ring element has no bit left after the point."""

TYPICAL = 8.0
"""Operands are rarely further from 0, wherever they could be."""


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _useful(end: float) -> float:
    """An upper end, if it is not above ``BOUND``."""
    return end if end <= BOUND else math.inf


class Exp(FloatUnary, name="exp"):
    """e^x; of secret values with a relative error below 2^-20."""

    non_negative = Holds.ALWAYS
    integral = Holds.UNKNOWN
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE
    largest = LARGEST

    function = np.exp

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """e^x never decreases with x."""
        (x,) = operands
        return Interval(_exp(x.lo), _useful(_exp(x.hi)))

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """Of a positive x, and not a large one: results may as well be small."""
        return math.exp(min(operands[0], TYPICAL))

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """A power of two and a parabola."""
        x = gates.limited(operands[0], exponentials.WHOLE, exponentials.FRAC)
        return normalised(exponentials.exp(gates.b, x.word, x.beyond, x.sign, x.nan))


class Pow(Binary, name="pow"):
    """x to the power y; of secret values as e^(y · log x), so of positive x, and 0 if y is positive."""

    non_negative = Holds.OF_ALL
    integral = Holds.UNKNOWN
    partial = True
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE
    largest = LARGEST

    function = np.power

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """x^y never turns with x > 0, nor with y; a power of a negative x has no larger magnitude than that of |x|."""
        x, y = operands
        corners = [power(base, exponent) for base, exponent in itertools.product(_ends(abs(x)), _ends(y))]
        largest = _useful(max(corners))
        return Interval(min(corners), largest) if x.lo >= 0 else Interval.within(largest)

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """A logarithm, a product and an exponential."""
        base, exponent = (gates.number(operand) for operand in operands)
        product = floats.mul(gates.b, logarithms.log(gates.b, base), exponent)
        x = gates.limited(normalised(product), exponentials.WHOLE, exponentials.FRAC)
        return normalised(exponentials.exp(gates.b, x.word, x.beyond, x.sign, x.nan))


def _ends(x: Interval) -> tuple[float, float]:
    return x.lo, x.hi
