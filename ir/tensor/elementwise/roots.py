"""Square roots and their inverses."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import roots
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, normalised
from ezprivsecfl.ir.tensor.elementwise.base import FloatUnary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps

ONE = Interval(1.0, 1.0)


class Sqrt(FloatUnary, name="sqrt"):
    """Square root; NaN below zero."""

    non_negative = Holds.ALWAYS
    integral = Holds.UNKNOWN
    partial = True
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE
    powers = (0.5,)

    function = np.sqrt

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The root never decreases with x >= 0; below 0 there is none."""
        return operands[0].sqrt()

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """The root."""
        return math.sqrt(operands[0])

    def carried(self, lost: Sequence[float], typical: Sequence[float], lowest: Sequence[float]) -> float:
        """√(x + d) is about √x + d / √x; that is largest for the smallest x."""
        return lost[0] / math.sqrt(lowest[0]) if lowest[0] else 0.0

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Digit by digit."""
        (x,) = operands
        if x.is_fixed:
            return normalised(roots.sqrt_fixed(gates.b, x.wires, x.frac))
        return normalised(roots.sqrt(gates.b, gates.number(x)))


class Rsqrt(FloatUnary, name="rsqrt"):
    """1/√x."""

    non_negative = Holds.ALWAYS
    integral = Holds.UNKNOWN
    partial = True
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE
    powers = (-0.5,)

    function = staticmethod(lambda x: 1.0 / np.sqrt(x))

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The inverse of the root, of what is positive."""
        return ONE / operands[0].sqrt()

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """The inverse of the root."""
        return 1 / math.sqrt(operands[0]) if operands[0] else math.inf

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Of the root, the inverse."""
        (x,) = operands
        if x.is_fixed:
            return normalised(roots.rsqrt_fixed(gates.b, x.wires, x.frac))
        return normalised(roots.rsqrt(gates.b, gates.number(x)))
