"""Operations on the bits of integers in two's complement."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.interval import UNBOUNDED, Interval
from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.tensor.base import require_integers, same_dtype
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, fixed
from ezprivsecfl.ir.tensor.elementwise.base import Binary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import DType, TensorType

LONGEST = 63
"""Bits of an integer below its sign."""


def _on_integers(function: Callable[..., Any]) -> staticmethod[..., Any]:
    return staticmethod(lambda x, y: function(np.asarray(x).astype(np.int64), np.asarray(y).astype(np.int64)))


class OnBits(Binary):
    """Base of operations on bits."""

    integral = Holds.ALWAYS
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.BEYOND_ZERO

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """The operands', which must be integers."""
        return require_integers(self, same_dtype(self, types))


class BitByBit(OnBits):
    """Base of those that combine the bits at the same place; ``gate`` is how."""

    gate: ClassVar[str]

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The result has no more bits than the longer operand, and a sign if the operation gives it one."""
        x, y = operands
        if not (x.is_bounded and y.is_bounded):
            return UNBOUNDED
        length = max(int(end if end >= 0 else -end - 1).bit_length() for end in (x.lo, x.hi, y.lo, y.hi))
        no_sign = self.non_negative.given([x.lo >= 0, y.lo >= 0])
        return Interval(0.0 if no_sign else -(2.0**length), 2.0**length - 1)

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """One gate per bit, free for exclusive or."""
        x, y = (gates.integer(operand) for operand in operands)
        width = max(len(x), len(y))
        pairs = zip(words.sign_extend(x, width), words.sign_extend(y, width), strict=True)
        return fixed(tuple(getattr(gates.b, self.gate)(p, q) for p, q in pairs), 0)


class BitAnd(BitByBit, name="bit_and"):
    """The bits that both have."""

    non_negative = Holds.OF_ANY
    gate = "and_"

    function = _on_integers(np.bitwise_and)


class BitOr(BitByBit, name="bit_or"):
    """The bits that either has."""

    non_negative = Holds.OF_ALL
    gate = "or_"

    function = _on_integers(np.bitwise_or)


class BitXor(BitByBit, name="bit_xor"):
    """The bits that one of both has."""

    non_negative = Holds.OF_ALL
    gate = "xor"

    function = _on_integers(np.bitwise_xor)


def _shift(x: Array, y: Array) -> Array:
    return np.asarray(np.right_shift(x, np.clip(y, 0, LONGEST)))


class ShiftRight(OnBits, name="shift_right"):
    """x / 2^y rounded down, for y from 0; a negative y counts as 0."""

    non_negative = Holds.OF_ALL

    function = _on_integers(_shift)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """For x of one sign the result never turns with x, nor with y."""
        x, y = operands
        if not x.is_bounded:
            return UNBOUNDED
        powers = [2.0 ** min(max(end, 0.0), LONGEST) for end in (y.lo, y.hi)]
        ends = [math.floor(end / power) for end, power in itertools.product((x.lo, x.hi), powers)]
        return Interval(float(min(ends)), float(max(ends)))

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """By one power of two after the other; a public y needs no gates."""
        x, y = (gates.integer(operand) for operand in operands)
        y = tuple(gates.b.and_(wire, gates.b.inv(y[-1])) for wire in y[:-1])
        steps = (len(x) - 1).bit_length()
        for step, shifted in enumerate(y[:steps]):
            moved = words.sign_extend(x[min(1 << step, len(x) - 1) :], len(x))
            x = words.mux(gates.b, shifted, moved, x)
        return fixed(words.mux(gates.b, words.nonzero(gates.b, y[steps:]), (x[-1],) * len(x), x), 0)
