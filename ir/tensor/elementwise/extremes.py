"""The larger and the smaller of two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import floats, words
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates
from ezprivsecfl.ir.tensor.elementwise.base import Binary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps


class Maximum(Binary, name="maximum"):
    """The larger of two, NaN if one is NaN."""

    non_negative = Holds.OF_ANY
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE

    function = np.maximum

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Never decreases with either operand."""
        return operands[0].maximum(operands[1])

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as the larger one."""
        return max(operands)

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """A comparison and a selection."""
        x, y = operands
        return gates.binary(x, y, words.max_, floats.max_)


class Minimum(Binary, name="minimum"):
    """The smaller of two, NaN if one is NaN."""

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE

    function = np.minimum

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Never decreases with either operand."""
        return operands[0].minimum(operands[1])

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as the larger one, which either may be."""
        return max(operands)

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """A comparison and a selection."""
        x, y = operands
        return gates.binary(x, y, words.min_, floats.min_)
