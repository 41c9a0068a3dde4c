"""Rounding to integers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from ezprivsecfl.ir.circuits import rounding, words
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, fixed, normalised
from ezprivsecfl.ir.tensor.elementwise.base import FloatUnary, Unary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import DType, TensorType


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


class ShiftRight(Unary, name="shift_right"):
    """Integers divided by 2^bits, rounded down.

    It is exact for all 64 bits, and has no gates where the integer is a word without fractional bits.

    Args:
        bits: How many of the lowest are dropped.
    """

    non_negative = Holds.OF_ALL
    integral = Holds.ALWAYS
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.AT_INTEGERS

    bits: int

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """The operand's, which must be an integer."""
        if not types[0].dtype.is_integer:
            raise self.fail(f"only integers are shifted, not {types[0].dtype.value}")
        if not 0 <= self.bits < 64:
            raise self.fail(f"integers are shifted by 0 to 63 bits, not {self.bits}")
        return types[0].dtype

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's arithmetic shift."""
        return (np.asarray(np.right_shift(args[0], self.bits)),)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Quotients rounded down never decrease with x."""
        return operands[0].map(lambda x: math.ldexp(x, -self.bits)).rounded(math.floor)

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """The higher wires of a word; of a normalised number the exponent is lowered, and the number rounded down."""
        (x,) = operands
        b = gates.b
        if x.is_fixed:
            # Fractional bits of an integer are no part of it: they hold what was lost on the way.
            whole = rounding.round_fixed(b, rounding.to_even, gates.widened(x, max(x.frac, 0)), max(x.frac, 0))
            return fixed(words.sign_extend(whole, max(len(whole), self.bits + 1))[self.bits :], 0)
        number = gates.number(x)
        exponent = words.sub(b, number.exponent, words.constant(b, self.bits, len(number.exponent)))
        return normalised(rounding.round_float(b, rounding.down, replace(number, exponent=exponent)))
