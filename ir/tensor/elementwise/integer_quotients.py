"""Quotients that are rounded down."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import quotients, words
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, fixed
from ezprivsecfl.ir.tensor.elementwise.base import Binary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps


class FloorDiv(Binary, name="floor_div"):
    """x / y rounded down; of floats, only public ones."""

    non_negative = Holds.OF_ALL
    integral = Holds.ALWAYS
    partial = True
    jumps = Jumps.AT_INTEGERS
    on_shares = None

    function = np.floor_divide

    @property
    def computed(self) -> Computed:
        """Integers are divided in circuits."""
        return Computed.IN_CIRCUITS if self.types()[0].dtype.is_integer else Computed.IN_CLEAR

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Quotients rounded down, of integers not larger than x; numpy's integers divided by 0 give 0."""
        x, y = operands
        found = (x / y).hull(Interval(0.0, 0.0)).rounded(math.floor)
        return found.capped(x.magnitude) if self.types()[0].dtype.is_integer else found

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Of integers; a divisor of 0 is noticed."""
        x, y = (gates.integer(operand) for operand in operands)
        gates.invalid.append(gates.b.inv(words.nonzero(gates.b, y)))
        width = max(len(x), len(y)) + 1
        return fixed(quotients.divide_down(gates.b, words.sign_extend(x, width), words.sign_extend(y, width)), 0)
