"""Quotients that are rounded down, and what is left."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import quotients, words
from ezprivsecfl.ir.circuits.builder import Wires
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, fixed
from ezprivsecfl.ir.tensor.elementwise.base import Binary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps


class DividedDown(Binary):
    """Base of both results of a division; of floats, only public ones have them."""

    non_negative = Holds.OF_ALL
    partial = True
    jumps = Jumps.AT_INTEGERS
    on_shares = None

    @property
    def computed(self) -> Computed:
        """Integers are divided in circuits."""
        return Computed.IN_CIRCUITS if self.types()[0].dtype.is_integer else Computed.IN_CLEAR

    def divided(self, gates: Gates, operands: Sequence[Bundle]) -> tuple[Wires, Wires]:
        """Both results; a divisor of 0 is noticed."""
        x, y = (gates.integer(operand) for operand in operands)
        gates.invalid.append(gates.b.inv(words.nonzero(gates.b, y)))
        width = max(len(x), len(y)) + 1
        return quotients.divide_down(gates.b, words.sign_extend(x, width), words.sign_extend(y, width))


class FloorDiv(DividedDown, name="floor_div"):
    """x / y rounded down."""

    integral = Holds.ALWAYS

    function = np.floor_divide

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Quotients rounded down, of integers not larger than x; numpy's integers divided by 0 give 0."""
        x, y = operands
        found = (x / y).hull(Interval(0.0, 0.0)).rounded(math.floor)
        return found.capped(x.magnitude) if self.types()[0].dtype.is_integer else found

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Of integers."""
        return fixed(self.divided(gates, operands)[0], 0)


class FloorMod(DividedDown, name="floor_mod"):
    """Remainder with the sign of y."""

    integral = Holds.OF_ALL

    function = np.mod

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Between 0 and y; numpy's remainder of integers by 0 is 0."""
        return operands[1].hull(Interval(0.0, 0.0))

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Of integers."""
        return fixed(self.divided(gates, operands)[1], 0)
