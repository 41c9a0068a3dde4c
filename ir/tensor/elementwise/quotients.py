"""Quotients and inverses."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import roots
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, normalised
from ezprivsecfl.ir.tensor.elementwise.base import FloatBinary, FloatUnary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps

ONE = Interval(1.0, 1.0)


class Reciprocal(FloatUnary, name="reciprocal"):
    """1/x."""

    non_negative = Holds.OF_ALL
    integral = Holds.UNKNOWN
    partial = True
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE
    powers = (-1.0,)

    function = staticmethod(lambda x: 1.0 / x)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The quotient of 1 and x."""
        return ONE / operands[0]

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """The inverse."""
        return 1 / operands[0] if operands[0] else math.inf

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Of a normalised number."""
        return normalised(roots.reciprocal(gates.b, gates.number(operands[0])))


class Quotient(FloatBinary):
    """Base of x / y of floats."""

    non_negative = Holds.OF_ALL
    integral = Holds.UNKNOWN
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE
    powers = (1.0, -1.0)

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """The quotient."""
        x, y = operands
        return x / y if y else math.inf

    def carried(self, lost: Sequence[float], typical: Sequence[float], lowest: Sequence[float]) -> float:
        """What the numerator has lost, divided; what the divisor has is not a place of the result."""
        return lost[0] / typical[1] if typical[1] else 0.0


def _divide(x: Array, y: Array) -> Array:
    return np.asarray(np.divide(x, y))


def _divide_no_nan(x: Array, y: Array) -> Array:
    return np.where(y == 0, 0.0, np.divide(x, np.where(y == 0, 1.0, y)))


class Div(Quotient, name="div"):
    """x / y of floats; division by zero gives an infinity or NaN."""

    partial = True

    function = staticmethod(_divide)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The extremes of x / y are quotients of ends, unless y may be arbitrarily close to 0."""
        return operands[0] / operands[1]

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Of normalised numbers."""
        x, y = operands
        return normalised(roots.div(gates.b, gates.number(x), gates.number(y)))


class DivNoNan(Quotient, name="div_no_nan"):
    """x / y of floats, and 0 where y is 0."""

    partial = False

    function = staticmethod(_divide_no_nan)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Quotients, and 0."""
        return (operands[0] / operands[1]).hull(Interval(0.0, 0.0))

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Of normalised numbers."""
        x, y = operands
        return normalised(roots.div_no_nan(gates.b, gates.number(x), gates.number(y)))
