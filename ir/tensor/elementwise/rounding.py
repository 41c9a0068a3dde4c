"""Rounding to integers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np

from ezprivsecfl.ir.circuits import rounding
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, fixed, normalised
from ezprivsecfl.ir.tensor.elementwise.base import FloatUnary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps


class Rounding(FloatUnary):
    """Base of the operations that round to integers; ``rule`` (``circuits/rounding.py``) says which way."""

    non_negative = Holds.UNKNOWN
    integral = Holds.ALWAYS
    partial = False
    computed = Computed.IN_CIRCUITS

    rule: ClassVar[Callable[..., int]]

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """The bits before the point, and one unit more if the rule says so."""
        (x,) = operands
        rule = type(self).rule
        if x.is_fixed:
            frac = max(x.frac, 0)  # large numbers may have fewer places than integers
            return fixed(rounding.round_fixed(gates.b, rule, gates.widened(x, frac), frac), 0)
        return normalised(rounding.round_float(gates.b, rule, gates.number(x)))


class Floor(Rounding, name="floor"):
    """Rounds down."""

    jumps = Jumps.AT_INTEGERS

    function = np.floor
    rule = staticmethod(rounding.down)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Rounding down never decreases with x."""
        return operands[0].rounded(math.floor)


class Ceil(Rounding, name="ceil"):
    """Rounds up."""

    jumps = Jumps.AT_INTEGERS

    function = np.ceil
    rule = staticmethod(rounding.up)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Rounding up never decreases with x."""
        return operands[0].rounded(math.ceil)


class RoundEven(Rounding, name="round"):
    """Rounds to the nearest integer, ties to even."""

    jumps = Jumps.BEYOND_ZERO

    function = np.rint
    rule = staticmethod(rounding.to_even)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Rounding never decreases with x."""
        return operands[0].rounded(round)
