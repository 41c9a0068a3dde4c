"""Selection by a condition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import floats, words
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.tensor.base import same_dtype
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, bit
from ezprivsecfl.ir.tensor.elementwise.base import Elementwise
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import DType, TensorType


class Select(Elementwise, name="select"):
    """Where the first (Boolean) operand is true the second, elsewhere the third."""

    non_negative = Holds.OF_BRANCHES
    integral = Holds.OF_BRANCHES
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE

    arity = 3
    function = np.where

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """That of the two branches."""
        if types[0].dtype is not DType.BOOL:
            raise self.fail("the condition must be bool")
        return same_dtype(self, types[1:])

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Every entry is one of a branch's."""
        return operands[1].hull(operands[2])

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as the larger branch."""
        return max(operands[1:])

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """One AND per bit."""
        condition, x, y = operands
        (chosen,) = condition.wires
        if x.is_bit:
            return bit(words.mux(gates.b, chosen, x.wires, y.wires)[0])
        return gates.binary(
            x, y, lambda b, p, q: words.mux(b, chosen, p, q), lambda b, p, q: floats.select(b, chosen, p, q)
        )
