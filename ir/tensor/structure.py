"""Reductions, products and operations on shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from ezprivsecfl.ir.op import Array, Round
from ezprivsecfl.ir.tensor.base import TensorOp, broadcast_shapes, check_axes, join_secrecy, same_dtype
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, Secrecy, Shape, TensorType, resolve, shape_text


class Reduction(TensorOp):
    """Base of reductions over ``axes``, which disappear (use reshape to keep them as 1)."""

    axes: tuple[int, ...]
    function: ClassVar[Callable[..., Any]]

    def infer(self) -> tuple[TensorType, ...]:
        """The operand's shape without the axes."""
        (t,) = self.expect(1)
        check_axes(self, self.axes, len(t.shape))
        return (t.with_shape(tuple(d for i, d in enumerate(t.shape) if i not in self.axes)),)

    def evaluate(self, args: Sequence[Array], round_: Round) -> tuple[Array, ...]:
        """Numpy's reduction."""
        return (np.asarray(type(self).function(args[0], axis=tuple(self.axes))),)


class Sum(Reduction, name="sum"):
    """Sum over axes."""

    function = np.sum


class ReduceMax(Reduction, name="reduce_max"):
    """Largest element over axes."""

    function = np.max


class ReduceMin(Reduction, name="reduce_min"):
    """Smallest element over axes."""

    function = np.min


class ReduceAny(Reduction, name="reduce_any"):
    """Logical or over axes."""

    function = np.any


class ReduceAll(Reduction, name="reduce_all"):
    """Logical and over axes."""

    function = np.all


class MatMul(TensorOp, name="matmul"):
    """Batched matrix product ``[..., m, k] x [..., k, r] -> [..., m, r]``; leading axes broadcast."""

    def infer(self) -> tuple[TensorType, ...]:
        """Checks the inner dimension."""
        a, b = self.expect(2)
        if len(a.shape) < 2 or len(b.shape) < 2 or a.shape[-1] != b.shape[-2]:
            raise self.fail("inner dimensions differ")
        try:
            batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
        except ValueError as e:
            raise self.fail(str(e)) from None
        shape = (*batch, a.shape[-2], b.shape[-1])
        return (TensorType(shape, same_dtype(self, (a, b)), join_secrecy((a, b))),)

    def evaluate(self, args: Sequence[Array], round_: Round) -> tuple[Array, ...]:
        """Numpy's matmul."""
        return (np.matmul(args[0], args[1]),)


class Reshape(TensorOp, name="reshape"):
    """Row-major reshape; the clients axis may move past 1s but is never merged or split."""

    shape: Shape

    def infer(self) -> tuple[TensorType, ...]:
        """Checks the number of elements, and that the clients axis keeps its place among them."""
        (t,) = self.expect(1)
        if _blocks(t.shape) != _blocks(self.shape):
            raise self.fail(f"cannot become {shape_text(self.shape)}")
        return (t.with_shape(self.shape),)

    def evaluate(self, args: Sequence[Array], round_: Round) -> tuple[Array, ...]:
        """Numpy's reshape."""
        return (np.reshape(args[0], resolve(self.shape, round_.clients)),)


def _blocks(shape: Shape) -> list[int | None]:
    """Element counts before, between and after the clients axes: equal for shapes that reshape to each other."""
    blocks: list[int | None] = [1]
    for d in shape:
        if d == CLIENTS_DIM:
            blocks += [None, 1]
        else:
            last = blocks[-1]
            assert last is not None
            blocks[-1] = last * int(d)
    return blocks


class Transpose(TensorOp, name="transpose"):
    """Reorders axes: axis i of the result is axis ``permutation[i]`` of the operand."""

    permutation: tuple[int, ...]

    def infer(self) -> tuple[TensorType, ...]:
        """The permuted shape."""
        (t,) = self.expect(1)
        if sorted(self.permutation) != list(range(len(t.shape))):
            raise self.fail(f"{list(self.permutation)} is no permutation of its axes")
        return (t.with_shape(tuple(t.shape[i] for i in self.permutation)),)

    def evaluate(self, args: Sequence[Array], round_: Round) -> tuple[Array, ...]:
        """Numpy's transpose."""
        return (np.transpose(args[0], self.permutation),)


class Broadcast(TensorOp, name="broadcast"):
    """Numpy's broadcast_to."""

    shape: Shape

    def infer(self) -> tuple[TensorType, ...]:
        """The attribute, if the operand broadcasts to it."""
        (t,) = self.expect(1)
        try:
            fits = broadcast_shapes(t.shape, self.shape) == self.shape
        except ValueError:
            fits = False
        if not fits:
            raise self.fail(f"does not broadcast to {shape_text(self.shape)}")
        return (t.with_shape(self.shape),)

    def evaluate(self, args: Sequence[Array], round_: Round) -> tuple[Array, ...]:
        """Numpy's broadcast_to."""
        return (np.broadcast_to(args[0], resolve(self.shape, round_.clients)),)


class Concat(TensorOp, name="concat"):
    """Joins tensors along an axis (not the clients axis)."""

    axis: int

    def infer(self) -> tuple[TensorType, ...]:
        """Sums the sizes along the axis."""
        types = self.types()
        if not types:
            raise self.fail("needs operands")
        first = types[0].shape
        check_axes(self, (self.axis,), len(first))
        total = 0
        for t in types:
            size = t.shape[self.axis] if len(t.shape) == len(first) else CLIENTS_DIM
            if size == CLIENTS_DIM or _without(t.shape, self.axis) != _without(first, self.axis):
                raise self.fail(f"shapes do not join along axis {self.axis}")
            total += int(size)
        shape = (*first[: self.axis], total, *first[self.axis + 1 :])
        return (TensorType(shape, same_dtype(self, types), join_secrecy(types)),)

    def evaluate(self, args: Sequence[Array], round_: Round) -> tuple[Array, ...]:
        """Numpy's concatenate."""
        return (np.concatenate(list(args), axis=self.axis),)


def _without(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])


class Slice(TensorOp, name="slice"):
    """Strided slice: per axis a start, the number of elements taken, and a stride (may be negative).

    The clients axis is only ever taken whole: start 0, size "n", stride 1.
    """

    starts: tuple[int, ...]
    sizes: Shape
    strides: tuple[int, ...]

    def infer(self) -> tuple[TensorType, ...]:
        """Checks the bounds of every axis."""
        (t,) = self.expect(1)
        if not len(self.starts) == len(self.sizes) == len(self.strides) == len(t.shape):
            raise self.fail("needs a start, a size and a stride per axis")
        for start, size, stride, dim in zip(self.starts, self.sizes, self.strides, t.shape, strict=True):
            if dim == CLIENTS_DIM or size == CLIENTS_DIM:
                if (start, size, stride) != (0, dim, 1):
                    raise self.fail("the clients axis can only be taken whole")
            elif stride == 0 or (
                size > 0 and not (0 <= start < dim and 0 <= start + (size - 1) * stride < dim)
            ):
                raise self.fail(f"{size} elements from {start} by {stride} leave an axis of size {dim}")
        return (t.with_shape(self.sizes),)

    def evaluate(self, args: Sequence[Array], round_: Round) -> tuple[Array, ...]:
        """Index arrays per axis."""
        sizes = resolve(self.sizes, round_.clients)
        picks = [s + np.arange(k) * d for s, k, d in zip(self.starts, sizes, self.strides, strict=True)]
        return (np.asarray(args[0])[np.ix_(*picks)] if picks else np.asarray(args[0]),)


class Clients(TensorOp, name="clients"):
    """The number of clients that take part in the round: public, a scalar."""

    dtype: DType

    def infer(self) -> tuple[TensorType, ...]:
        """A public scalar."""
        self.expect(0)
        return (TensorType((), self.dtype, Secrecy.PUBLIC),)

    def evaluate(self, args: Sequence[Array], round_: Round) -> tuple[Array, ...]:
        """Known when the round starts."""
        return (np.asarray(round_.clients, dtype=np.float64 if self.dtype.is_float else np.int64),)
