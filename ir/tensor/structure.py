"""Reductions, products and operations on shapes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.mpc import linear, structure
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.structural import (
    BroadcastOp,
    ConcatOp,
    ReshapeOp,
    SliceOp,
    StackOp,
    StructuralOp,
    SumOp,
    TakeOp,
    TransposeOp,
    UnstackOp,
    matmul_shape,
    reduced_shape,
)
from ezprivsecfl.ir.tensor.base import TensorOp, join_secrecy, require_bool, require_numbers, same_dtype
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, Secrecy, Shape, TensorType, Type, resolve


class Sum(SumOp, TensorOp, name="sum"):
    """Sum over axes."""

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.LOCALLY
    on_shares = structure.Sum
    jumps = Jumps.NOWHERE

    def infer(self) -> tuple[Type, ...]:
        """Only numbers have a sum."""
        (t,) = self.expect(1)
        require_numbers(self, t.dtype)
        return super().infer()

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """k numbers within [a, b] add up to something within [k·a, k·b]; over clients, k is from 1 to their number."""
        return _of_sum(operands[0], self._summed, clients)

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As if all had the same sign."""
        return operands[0] * math.prod(resolve(self._summed, clients))

    @property
    def _summed(self) -> Shape:
        shape = self.operands[0].type.shape
        return tuple(shape[a] for a in self.axes)


def _of_sum(term: Interval, summed: Shape, clients: int) -> Interval:
    fewest = math.prod(1 if d == CLIENTS_DIM else int(d) for d in summed)
    return term.times_count(fewest, math.prod(resolve(summed, clients)))


class Reduction(StructuralOp, TensorOp):
    """Base of the other reductions.

    Args:
        axes: What is reduced over; these axes disappear.
    """

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.IN_CLEAR
    jumps = Jumps.NOWHERE

    axes: tuple[int, ...]
    function: ClassVar[Callable[..., Any]]

    def infer(self) -> tuple[Type, ...]:
        """Checks the element type."""
        (t,) = self.expect(1)
        self.check_dtype(t.dtype)
        return super().infer()

    def check_dtype(self, dtype: DType) -> None:
        """Numbers, unless a subclass says otherwise."""
        require_numbers(self, dtype)

    def new_shape(self, shape: Shape) -> Shape:
        """The operand's shape without the axes."""
        return reduced_shape(shape, self.axes)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's reduction."""
        return (np.asarray(type(self).function(args[0], axis=self.axes)),)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The result is one of the entries."""
        return operands[0]


class ReduceMax(Reduction, name="reduce_max"):
    """Largest element over axes."""

    function = np.max


class ReduceMin(Reduction, name="reduce_min"):
    """Smallest element over axes."""

    function = np.min


class LogicalReduction(Reduction):
    """Base of reductions of truth values."""

    def check_dtype(self, dtype: DType) -> None:
        """Only bool."""
        require_bool(self, dtype)


class ReduceAny(LogicalReduction, name="reduce_any"):
    """Logical or over axes."""

    function = np.any


class ReduceAll(LogicalReduction, name="reduce_all"):
    """Logical and over axes."""

    function = np.all


class MatMul(TensorOp, name="matmul"):
    """Batched matrix product ``[..., m, k] x [..., k, r] -> [..., m, r]``; leading axes broadcast."""

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.AS_PRODUCT
    on_shares = linear.MatMulPublic
    jumps = Jumps.NOWHERE

    def infer(self) -> tuple[TensorType, ...]:
        """Checks the inner dimension."""
        a, b = self.expect(2)
        try:
            shape = matmul_shape(a.shape, b.shape)
        except ValueError as e:
            raise self.fail(str(e)) from None
        return (TensorType(shape, same_dtype(self, (a, b)), join_secrecy((a, b))),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's matmul."""
        return (np.matmul(args[0], args[1]),)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """A sum of as many products as the inner dimension says."""
        return _of_sum(operands[0] * operands[1], self.operands[0].type.shape[-1:], clients)

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As if all products had the same sign."""
        return operands[0] * operands[1] * math.prod(resolve(self.operands[0].type.shape[-1:], clients))

    def carried(self, lost: Sequence[float], typical: Sequence[float], lowest: Sequence[float]) -> float:
        """What one has lost, times the other."""
        return max(lost[0] * typical[1], lost[1] * typical[0])


class Move(TensorOp):
    """Base of operations on one operand that only move, repeat or leave out entries."""

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.ANYWHERE
    jumps = Jumps.NOWHERE

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Every entry of the result is one of the operand's."""
        return operands[0]

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as the operand."""
        return operands[0]


class View(Move):
    """Base of moves that leave no entry out."""


class Reshape(ReshapeOp, View, name="reshape"):
    """Row-major reshape; the clients axis may move past 1s but is never merged or split."""

    on_shares = structure.Reshape


class Transpose(TransposeOp, View, name="transpose"):
    """Reorders axes."""

    on_shares = structure.Transpose


class Broadcast(BroadcastOp, View, name="broadcast"):
    """Repeats elements along axes of size 1, and along new leading axes."""

    on_shares = structure.Broadcast


class Stack(StackOp, View, name="stack"):
    """Makes the clients axis one of static size: for rounds of exactly so many clients."""

    on_shares = structure.Stack


class Unstack(UnstackOp, View, name="unstack"):
    """Makes an axis of as many elements as there are clients the clients axis again."""

    on_shares = structure.Unstack


class Slice(SliceOp, Move, name="slice"):
    """Strided slice; the clients axis is only ever taken whole."""

    on_shares = structure.Slice


class Take(TakeOp, Move, name="take"):
    """Entries of one axis at constant positions."""

    on_shares = structure.Take


class Concat(ConcatOp, TensorOp, name="concat"):
    """Joins tensors along an axis (not the clients axis)."""

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.ANYWHERE
    on_shares = structure.Concat
    jumps = Jumps.NOWHERE

    def joined_type(self, shape: Shape) -> TensorType:
        """Operands of one dtype; secret if one of them is."""
        types = self.types()
        return TensorType(shape, same_dtype(self, types), join_secrecy(types))

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Every entry of the result is one of an operand's."""
        return functools.reduce(Interval.hull, operands)

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as the largest operand."""
        return max(operands)


class Clients(TensorOp, name="clients"):
    """The number of clients that take part in the round: public, a scalar.

    Args:
        dtype: Element type of the result.
    """

    non_negative = Holds.ALWAYS
    integral = Holds.ALWAYS
    partial = False
    computed = Computed.IN_CLEAR
    jumps = Jumps.NOWHERE

    dtype: DType

    def infer(self) -> tuple[TensorType, ...]:
        """A public scalar."""
        self.expect(0)
        return (TensorType((), self.dtype, Secrecy.PUBLIC),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Known when the round starts."""
        return (np.asarray(env.clients, dtype=np.float64 if self.dtype.is_float else np.int64),)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """A round has at least one client."""
        return Interval(1.0, float(clients))
