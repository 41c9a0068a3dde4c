"""Comparisons; their results are truth values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

import numpy as np

from ezprivsecfl.ir.circuits import floats, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.interval import TRUTH, Interval
from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.tensor.base import require_numbers, same_dtype
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, bit
from ezprivsecfl.ir.tensor.elementwise.base import Binary, Elementwise
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import DType, TensorType

X = TypeVar("X")
Relation = Callable[[CircuitBuilder, X, X], int]


def _swapped(relation: Relation[X]) -> Relation[X]:
    """The relation of y to x."""
    return lambda b, x, y: relation(b, y, x)


def _not(relation: Relation[X]) -> Relation[X]:
    """Whether x and y are not in the relation."""
    return lambda b, x, y: b.inv(relation(b, x, y))


class Compare(Binary):
    """Base of comparisons; ``on_words`` and ``on_floats`` compare fixed-point and normalised numbers in circuits."""

    non_negative = Holds.ALWAYS
    integral = Holds.ALWAYS
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.WHERE_EQUAL

    on_words: ClassVar[Callable[..., int]]
    on_floats: ClassVar[Callable[..., int]]

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """Boolean, from operands of one dtype."""
        same_dtype(self, types)
        return DType.BOOL

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """A truth value."""
        return TRUTH

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """One AND per bit."""
        x, y = operands
        return gates.relation(x, y, type(self).on_words, type(self).on_floats)


class Order(Compare):
    """Base of comparisons of numbers: which one is larger."""

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """Boolean, from numbers of one dtype."""
        require_numbers(self, same_dtype(self, types))
        return DType.BOOL


class Less(Order, name="less"):
    """x < y."""

    function = np.less
    on_words = staticmethod(words.less)
    on_floats = staticmethod(floats.less)


class LessEqual(Order, name="less_equal"):
    """x ≤ y."""

    function = np.less_equal
    on_words = staticmethod(_not(_swapped(words.less)))
    on_floats = staticmethod(floats.less_equal)


class Greater(Order, name="greater"):
    """x > y."""

    function = np.greater
    on_words = staticmethod(_swapped(words.less))
    on_floats = staticmethod(_swapped(floats.less))


class GreaterEqual(Order, name="greater_equal"):
    """x ≥ y."""

    function = np.greater_equal
    on_words = staticmethod(_not(words.less))
    on_floats = staticmethod(_swapped(floats.less_equal))


class Equal(Compare, name="equal"):
    """x = y."""

    function = np.equal
    on_words = staticmethod(words.equal)
    on_floats = staticmethod(floats.equal)


class NotEqual(Compare, name="not_equal"):
    """x ≠ y."""

    function = np.not_equal
    on_words = staticmethod(_not(words.equal))
    on_floats = staticmethod(_not(floats.equal))


def _precedes(x: Array, y: Array, i: Array, j: Array) -> Array:
    return np.asarray(np.logical_or(np.greater(x, y), np.logical_and(np.equal(x, y), np.less(i, j))))


class Precedes(Elementwise, name="precedes"):
    """Whether x > y, or x = y and i < j: for numbers x, y at positions i, j the order of a stable descending sort."""

    non_negative = Holds.ALWAYS
    integral = Holds.ALWAYS
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.WHERE_EQUAL

    arity = 4
    function = staticmethod(_precedes)

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """Boolean, from two numbers of one dtype and two integers."""
        require_numbers(self, same_dtype(self, types[:2]))
        if not same_dtype(self, types[2:]).is_integer:
            raise self.fail("positions must be integers")
        return DType.BOOL

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """A truth value."""
        return TRUTH

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """One comparison of two longer words, the positions below the numbers: one AND per bit of either."""
        x, y, i, j = operands
        first, second, _ = gates.aligned(i, j)
        if x.is_fixed and y.is_fixed:
            p, q, _ = gates.aligned(x, y)
            return bit(words.less(gates.b, _unsigned(gates.b, first) + q, _unsigned(gates.b, second) + p))
        p_number, q_number = gates.number(x), gates.number(y)
        earlier = gates.b.and_(floats.equal(gates.b, p_number, q_number), words.less(gates.b, first, second))
        return bit(gates.b.or_(floats.less(gates.b, q_number, p_number), earlier))


def _unsigned(b: CircuitBuilder, x: Wires) -> Wires:
    """A signed word as an unsigned one, in the same order."""
    return (*x[:-1], b.inv(x[-1]))
