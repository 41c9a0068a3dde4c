"""Adds operations to the IR, lifting what is done to one client's value over the clients axis.

Axes and shapes in here are those that TensorFlow sees; a batched value's clients axis comes before them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ezprivsecfl.frontends.tff.dtypes import STORED, ir_dtype
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Known, Tensor, Traced
from ezprivsecfl.ir.op import Array, Op
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor.elementwise import Cast, Equal, Greater, Mul, Not
from ezprivsecfl.ir.tensor.structure import (
    Broadcast,
    Clients,
    Concat,
    MatMul,
    ReduceAll,
    Reduction,
    Reshape,
    Slice,
    Stack,
    Sum,
    Take,
    Transpose,
    Unstack,
)
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, Shape

LocalShape = tuple[int, ...]


class Emitter:
    """Builds a tensor-level program.

    Args:
        name: The program's name.
        number: The number of clients of a round, if the program is to be for no other; else it is not known.
    """

    def __init__(self, name: str, number: int | None = None) -> None:
        self.builder = ProgramBuilder(name, Level.TENSOR)
        self.number = number
        self.has_rows = False
        """Whether a tensor of all clients' values was made, so that a ``number`` may help where something fails."""
        self.finite: set[str] = set()
        """Arguments of the server that must be finite, since results of tests for that rely on it."""

    @contextmanager
    def apart(self) -> Iterator[list[Op]]:
        """Operations added inside are not part of the program; gives the list of them."""
        before = self.builder
        self.builder = ProgramBuilder(before.name, Level.TENSOR, location=before.location)
        try:
            yield self.builder.ops
        finally:
            self.builder = before

    def traced(self, tensor: Tensor) -> Traced:
        """The tensor as a value of the IR."""
        if isinstance(tensor, Traced):
            return tensor
        dtype = ir_dtype(tensor.array.dtype)
        array = np.ascontiguousarray(tensor.array.astype(STORED[dtype])).reshape(tensor.shape)
        return Traced(self.builder.add(Constant, value=array, dtype=dtype), batched=False)

    def scalar(self, value: float, dtype: DType) -> Known:
        """A constant without axes."""
        return Known(np.asarray(value, dtype=STORED[dtype]))

    def clients(self, dtype: DType) -> Traced:
        """The number of clients."""
        return Traced(self.builder.add(Clients, dtype=dtype), batched=False)

    def elementwise(self, kind: type[Op], *tensors: Tensor, **attributes: Any) -> Traced:
        """An element-wise operation; operands broadcast against each other."""
        operands = [self.traced(t) for t in tensors]
        rank = max(len(t.shape) for t in operands)
        aligned = [self._with_rank(t, rank) if t.batched else t for t in operands]
        value = self.builder.add(kind, *(t.value for t in aligned), **attributes)
        return Traced(value, any(t.batched for t in operands))

    def cast(self, tensor: Tensor, dtype: DType) -> Traced:
        """Converts the element type."""
        operand = self.traced(tensor)
        return operand if operand.dtype is dtype else self.elementwise(Cast, operand, dtype=dtype)

    def reshape(self, tensor: Tensor, shape: LocalShape) -> Traced:
        """Row-major reshape."""
        operand = self.traced(tensor)
        if operand.shape == shape:
            return operand
        return Traced(self.builder.add(Reshape, operand.value, shape=_lifted(operand, shape)), operand.batched)

    def broadcast(self, tensor: Tensor, shape: LocalShape) -> Traced:
        """Broadcasts to a shape."""
        operand = self.traced(tensor)
        if operand.shape == shape:
            return operand
        if operand.batched:
            operand = self._with_rank(operand, len(shape))
        return Traced(self.builder.add(Broadcast, operand.value, shape=_lifted(operand, shape)), operand.batched)

    def transpose(self, tensor: Tensor, permutation: Sequence[int]) -> Traced:
        """Reorders axes."""
        operand = self.traced(tensor)
        if tuple(permutation) == tuple(range(len(permutation))):
            return operand
        shifted = (0, *(p + 1 for p in permutation)) if operand.batched else tuple(permutation)
        return Traced(self.builder.add(Transpose, operand.value, permutation=shifted), operand.batched)

    def sum(self, tensor: Tensor, axes: Sequence[int], *, keep: bool = False) -> Traced:
        """Sum over axes, which disappear unless ``keep``."""
        return self.reduce(Sum, tensor, axes, keep=keep)

    def reduce(self, kind: type[Reduction] | type[Sum], tensor: Tensor, axes: Sequence[int], *, keep: bool) -> Traced:
        """A reduction over axes, which disappear unless ``keep``."""
        operand = self.traced(tensor)
        if not axes:
            return operand
        shifted = tuple(sorted(a + operand.batched for a in axes))
        result = Traced(self.builder.add(kind, operand.value, axes=shifted), operand.batched)
        kept = tuple(1 if i in axes else d for i, d in enumerate(operand.shape))
        return self.reshape(result, kept) if keep else result

    def sum_over_clients(self, tensor: Tensor) -> Traced:
        """The sum of all clients' values."""
        operand = self.traced(tensor)
        if operand.batched:
            return Traced(self.builder.add(Sum, operand.value, axes=(0,)), batched=False)
        return self.elementwise(Mul, operand, self.clients(operand.dtype))

    def reduce_over_clients(self, kind: type[Reduction], tensor: Tensor) -> Traced:
        """A reduction over all clients' values that gives the value itself if all are the same."""
        operand = self.traced(tensor)
        if not operand.batched:
            return operand
        if operand.dtype is DType.BOOL:
            return self._any_client(operand, negated=kind is ReduceAll)
        if operand.dtype.is_integer:  # clients are compared as real numbers, which is exact
            real = self.reduce_over_clients(kind, self.cast(operand, DType.F64))
            return self.cast(real, operand.dtype)
        return Traced(self.builder.add(kind, operand.value, axes=(0,)), batched=False)

    def _any_client(self, operand: Traced, *, negated: bool) -> Traced:
        """Whether something holds for any client, or with ``negated`` for all: how often it does is counted."""
        counted = self.elementwise(Not, operand) if negated else operand
        count = self.sum_over_clients(self.cast(counted, DType.I32))
        return self.elementwise(Equal if negated else Greater, count, self.scalar(0, DType.I32))

    def slice(self, tensor: Tensor, starts: LocalShape, sizes: LocalShape, strides: LocalShape) -> Traced:
        """A strided slice: per axis a start, a number of elements and a stride."""
        operand = self.traced(tensor)
        if sizes == operand.shape and all(s == 1 for s in strides):
            return operand
        if operand.batched:
            starts, strides = (0, *starts), (1, *strides)
        value = self.builder.add(Slice, operand.value, starts=starts, sizes=_lifted(operand, sizes), strides=strides)
        return Traced(value, operand.batched)

    def take(self, tensor: Tensor, axis: int, positions: Array) -> Traced:
        """Entries of an axis at constant positions."""
        operand = self.traced(tensor)
        lifted = axis + operand.batched
        value = self.builder.add(Take, operand.value, axis=lifted, positions=positions.astype(np.int64))
        return Traced(value, operand.batched)

    def concat(self, tensors: Sequence[Tensor], axis: int) -> Traced:
        """Joins along an axis."""
        operands = [self.traced(t) for t in tensors]
        if len(operands) == 1:
            return operands[0]
        batched = any(t.batched for t in operands)
        if batched:
            operands = [self.lift(t) for t in operands]
        return Traced(self.builder.add(Concat, *(t.value for t in operands), axis=axis + batched), batched)

    def lift(self, tensor: Tensor) -> Traced:
        """The tensor with a clients axis; what is the same at every client is repeated along it."""
        operand = self.traced(tensor)
        if operand.batched:
            return operand
        shape = (CLIENTS_DIM, *operand.shape)
        return Traced(self.builder.add(Broadcast, operand.value, shape=shape), batched=True)

    def stack(self, tensor: Traced) -> Traced:
        """All clients' values one after the other along a new first axis, of static size; only with a ``number``."""
        assert tensor.batched
        assert self.number is not None
        if isinstance(tensor.value.op, Unstack):
            return Traced(tensor.value.op.operands[0], batched=False)
        return Traced(self.builder.add(Stack, tensor.value, clients=self.number), batched=False)

    def unstack(self, tensor: Tensor) -> Traced:
        """Of a tensor with one row for each client every client's row; only with a ``number``."""
        operand = self.traced(tensor)
        assert operand.shape[0] == self.number
        if isinstance(operand.value.op, Stack):
            return Traced(operand.value.op.operands[0], batched=True)
        return Traced(self.builder.add(Unstack, operand.value), batched=True)

    def matmul(self, a: Tensor, b: Tensor) -> Traced:
        """Matrix product of the last two axes; earlier axes broadcast."""
        x, y = self.traced(a), self.traced(b)
        if min(len(x.shape), len(y.shape)) < 2:
            raise Unsupported("a matrix product of tensors with fewer than two axes")
        rank = max(len(x.shape), len(y.shape))
        x, y = (self._with_rank(t, rank) if t.batched else t for t in (x, y))
        return Traced(self.builder.add(MatMul, x.value, y.value), x.batched or y.batched)

    def matmul_over_clients(self, a: Traced, b: Traced) -> Traced:
        """The sum over all clients of the products of every entry of one vector with every entry of another."""
        columns = self.builder.add(Transpose, a.value, permutation=(1, 0))
        return Traced(self.builder.add(MatMul, columns, b.value), batched=False)

    def _with_rank(self, tensor: Traced, rank: int) -> Traced:
        # Broadcasting aligns last axes: ones go between the clients axis and the others.
        return self.reshape(tensor, (1,) * (rank - len(tensor.shape)) + tensor.shape)


def _lifted(tensor: Traced, shape: LocalShape) -> Shape:
    return (CLIENTS_DIM, *shape) if tensor.batched else shape
