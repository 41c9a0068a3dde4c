"""Signs and absolute values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import floats, words
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, fixed, normalised
from ezprivsecfl.ir.tensor.elementwise.base import Unary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps


class Abs(Unary, name="abs"):
    """|x|."""

    non_negative = Holds.ALWAYS
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE
    powers = (1.0,)

    function = np.abs

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """|x| is at least the distance of the interval from 0, and at most the larger end's absolute value."""
        return abs(operands[0])

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as x."""
        return operands[0]

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """In two's complement, or without the sign."""
        return gates.unary(operands[0], words.abs_, floats.abs_)


class Relu(Unary, name="relu"):
    """max(x, 0)."""

    non_negative = Holds.ALWAYS
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE

    function = staticmethod(lambda x: np.maximum(x, 0))

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """max(x, 0) never decreases with x."""
        return operands[0].map(lambda x: max(x, 0.0))

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as x."""
        return operands[0]

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """One AND per bit."""
        return gates.unary(operands[0], words.relu, floats.relu)


class Sign(Unary, name="sign"):
    """-1, 0 or 1."""

    non_negative = Holds.UNKNOWN
    integral = Holds.ALWAYS
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.AT_ZERO

    function = np.sign

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The sign never decreases with x."""
        return operands[0].map(lambda x: float(np.sign(x)))

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Whether x is 0, and its highest bit: a number of two bits."""
        (x,) = operands
        if x.is_fixed:
            return fixed((words.nonzero(gates.b, x.wires), x.wires[-1]), 0)
        return normalised(floats.sign(gates.b, gates.number(x)))
