"""Operations that are only computed in the clear: on public values, or on a result after it was opened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.tensor.elementwise.base import Binary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps


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
