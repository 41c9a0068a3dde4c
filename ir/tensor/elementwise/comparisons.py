"""Comparisons; their results are truth values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

import numpy as np

from ezprivsecfl.ir.circuits import floats, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.interval import TRUTH, Interval
from ezprivsecfl.ir.tensor.base import require_numbers, same_dtype
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates
from ezprivsecfl.ir.tensor.elementwise.base import Binary
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
