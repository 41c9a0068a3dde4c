"""Sums, differences and products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import floats, words
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.mpc import linear
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, normalised
from ezprivsecfl.ir.tensor.elementwise.base import Binary, Unary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps


class Neg(Unary, name="neg"):
    """-x."""

    non_negative = Holds.UNKNOWN
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.LOCALLY
    on_shares = linear.Neg
    jumps = Jumps.NOWHERE
    powers = (1.0,)

    function = np.negative

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """a <= x <= b implies -b <= -x <= -a."""
        return -operands[0]

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as x."""
        return operands[0]

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """In two's complement, or another sign."""
        return gates.unary(operands[0], words.neg, floats.neg)


class Add(Binary, name="add"):
    """x + y."""

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.LOCALLY
    on_shares = linear.Add
    jumps = Jumps.NOWHERE

    function = np.add

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """[a, b] + [c, d] = [a + c, b + d]."""
        return operands[0] + operands[1]

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as the larger one."""
        return max(operands)


class Sub(Binary, name="sub"):
    """x - y."""

    non_negative = Holds.UNKNOWN
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.LOCALLY
    on_shares = linear.Sub
    jumps = Jumps.NOWHERE

    function = np.subtract

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """[a, b] - [c, d] = [a - d, b - c]."""
        return operands[0] - operands[1]

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as the larger one."""
        return max(operands)


class Mul(Binary, name="mul"):
    """x·y."""

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.AS_PRODUCT
    on_shares = linear.MulPublic
    jumps = Jumps.NOWHERE
    powers = (1.0, 1.0)

    function = np.multiply

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The extremes of x·y are products of ends; of x·x, squares of ends or 0."""
        x, y = operands
        return x.square() if self.operands[0] is self.operands[1] else x * y

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """The product."""
        return operands[0] * operands[1]

    def carried(self, lost: Sequence[float], typical: Sequence[float], lowest: Sequence[float]) -> float:
        """What one has lost, times the other."""
        return max(lost[0] * typical[1], lost[1] * typical[0])

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Of normalised numbers."""
        x, y = operands
        return normalised(floats.mul(gates.b, gates.number(x), gates.number(y)))


class Square(Unary, name="square"):
    """x·x; on secret values a product."""

    non_negative = Holds.ALWAYS
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.IN_CLEAR
    jumps = Jumps.NOWHERE
    powers = (2.0,)

    function = np.square

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """x² = |x|², and squares of what is not negative never decrease."""
        return operands[0].square()
