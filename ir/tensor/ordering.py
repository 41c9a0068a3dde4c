"""The largest entries along the last axis, and where they stand: sorting, ranking, the position of a maximum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.tensor.base import TensorOp, require_numbers
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, TensorType


class Top(TensorOp):
    """Base: the largest entries along the last axis, in descending order; of equal ones the earlier comes first.

    Args:
        count: How many.
    """

    partial = False
    computed = Computed.IN_CLEAR  # on secret values, networks of comparisons take its place

    count: int

    def infer(self) -> tuple[TensorType, ...]:
        """The operand's shape, with ``count`` entries along the last axis."""
        (t,) = self.expect(1)
        require_numbers(self, t.dtype)
        if not t.shape or t.shape[-1] == CLIENTS_DIM:
            raise self.fail("needs a last axis that is not the clients'")
        if not 0 < self.count <= int(t.shape[-1]):
            raise self.fail(f"cannot take {self.count} of {t.shape[-1]} entries")
        return (TensorType((*t.shape[:-1], self.count), self.result_dtype(t.dtype), t.secrecy),)

    def result_dtype(self, dtype: DType) -> DType:
        """Element type of the result."""
        raise NotImplementedError

    def order(self, x: Array) -> Array:
        """Positions of the largest entries."""
        backwards = np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]
        return x.shape[-1] - 1 - backwards[..., : self.count]


class TopValues(Top, name="top_values"):
    """The largest entries along the last axis, in descending order."""

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL
    jumps = Jumps.NOWHERE

    def result_dtype(self, dtype: DType) -> DType:
        """The operand's."""
        return dtype

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's stable sort, backwards."""
        return (np.take_along_axis(args[0], self.order(args[0]), axis=-1),)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Every entry of the result is one of the operand's."""
        return operands[0]

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as the operand."""
        return operands[0]


class TopIndices(Top, name="top_indices"):
    """Where the largest entries along the last axis stand, in descending order; of equal ones the earlier is first."""

    non_negative = Holds.ALWAYS
    integral = Holds.ALWAYS
    jumps = Jumps.WHERE_EQUAL

    def result_dtype(self, dtype: DType) -> DType:
        """An integer."""
        return DType.I32

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's stable sort, backwards."""
        return (self.order(args[0]).astype(np.int64),)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """A position."""
        return Interval(0.0, float(int(self.operands[0].type.shape[-1]) - 1))
