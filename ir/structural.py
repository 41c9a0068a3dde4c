"""Operations that only move elements or add them up: the same on both levels and in every protocol domain.

Each class here is the common part; ``ir/tensor/structure.py`` and ``ir/mpc/structure.py`` register it for their level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.op import Array, Environment, Op
from ezprivsecfl.ir.types import CLIENTS_DIM, Shape, Type, resolve, shape_text


def broadcast_shapes(a: Shape, b: Shape) -> Shape:
    """Numpy's broadcasting rule on shapes with the symbolic clients axis; raises ValueError if they do not fit."""
    rank = max(len(a), len(b))
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in (a, b)]
    for x, y in zip(*padded, strict=True):
        if x != y and 1 not in (x, y):
            raise ValueError(f"shapes {shape_text(a)} and {shape_text(b)} do not broadcast")
    return tuple(y if x == 1 else x for x, y in zip(*padded, strict=True))


def matmul_shape(a: Shape, b: Shape) -> Shape:
    """Shape of a batched matrix product ``[..., m, k] x [..., k, r]``; raises ValueError if they do not fit."""
    if len(a) < 2 or len(b) < 2 or a[-1] != b[-2]:
        raise ValueError(f"inner dimensions of {shape_text(a)} and {shape_text(b)} differ")
    return (*broadcast_shapes(a[:-2], b[:-2]), a[-2], b[-1])


class StructuralOp(Op):
    """Base of operations on one operand whose result has the same type but for the shape."""

    def new_shape(self, shape: Shape) -> Shape:
        """Shape of the result; raises ValueError if the operand's does not fit."""
        raise NotImplementedError

    def infer(self) -> tuple[Type, ...]:
        """The operand's type with the new shape."""
        self.expect_operands(1)
        t = self.operands[0].type
        try:
            return (t.with_shape(self.new_shape(t.shape)),)
        except ValueError as e:
            raise self.fail(str(e)) from None


class SumOp(StructuralOp):
    """Sum over axes.

    Args:
        axes: What is added up over; these axes disappear (use reshape to keep them as 1).
    """

    axes: tuple[int, ...]

    def new_shape(self, shape: Shape) -> Shape:
        """Drops the axes."""
        return reduced_shape(shape, self.axes)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's sum in the operand's own number type, so that ring elements wrap around."""
        return (np.asarray(np.sum(args[0], axis=self.axes, dtype=args[0].dtype)),)


def reduced_shape(shape: Shape, axes: Sequence[int]) -> Shape:
    """The shape without some axes; they must be distinct and not negative."""
    if len(set(axes)) != len(axes) or any(not 0 <= a < len(shape) for a in axes):
        raise ValueError(f"axes {list(axes)} of a tensor of rank {len(shape)}")
    return tuple(d for i, d in enumerate(shape) if i not in axes)


class ReshapeOp(StructuralOp):
    """Row-major reshape; the clients axis may move past 1s but is never merged or split.

    Args:
        shape: The new one, with as many elements.
    """

    shape: Shape

    def new_shape(self, shape: Shape) -> Shape:
        """Checks the number of elements, and that the clients axis keeps its place among them."""
        if _blocks(shape) != _blocks(self.shape):
            raise ValueError(f"cannot become {shape_text(self.shape)}")
        return self.shape

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's reshape."""
        return (np.reshape(args[0], resolve(self.shape, env.clients)),)


def _blocks(shape: Shape) -> list[int | None]:
    """Element counts before, between and after the clients axes: equal for shapes that reshape to each other."""
    blocks: list[int | None] = [1]
    for d in shape:
        if d == CLIENTS_DIM:
            blocks += [None, 1]
        else:
            blocks[-1] = (blocks[-1] or 0) * int(d)
    return blocks


class TransposeOp(StructuralOp):
    """Reorders axes.

    Args:
        permutation: Axis i of the result is axis ``permutation[i]`` of the operand.
    """

    permutation: tuple[int, ...]

    def new_shape(self, shape: Shape) -> Shape:
        """The permuted shape."""
        if sorted(self.permutation) != list(range(len(shape))):
            raise ValueError(f"{list(self.permutation)} is no permutation of its axes")
        return tuple(shape[i] for i in self.permutation)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's transpose."""
        return (np.transpose(args[0], self.permutation),)


class BroadcastOp(StructuralOp):
    """Repeats elements along axes of size 1, and along new leading axes.

    Args:
        shape: That of the result.
    """

    shape: Shape

    def new_shape(self, shape: Shape) -> Shape:
        """The attribute, if the operand broadcasts to it."""
        if broadcast_shapes(shape, self.shape) != self.shape:
            raise ValueError(f"does not broadcast to {shape_text(self.shape)}")
        return self.shape

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's broadcast_to."""
        return (np.broadcast_to(args[0], resolve(self.shape, env.clients)),)


class SliceOp(StructuralOp):
    """Strided slice; the clients axis is only ever taken whole: start 0, size "n", stride 1.

    Args:
        starts: For every axis the first index taken.
        sizes: For every axis how many are taken.
        strides: For every axis how far one is from the next; may be negative.
    """

    starts: tuple[int, ...]
    sizes: Shape
    strides: tuple[int, ...]

    def new_shape(self, shape: Shape) -> Shape:
        """Checks the bounds of every axis."""
        if not len(self.starts) == len(self.sizes) == len(self.strides) == len(shape):
            raise ValueError("needs a start, a size and a stride per axis")
        for start, size, stride, dim in zip(self.starts, self.sizes, self.strides, shape, strict=True):
            if dim == CLIENTS_DIM or size == CLIENTS_DIM:
                if (start, size, stride) != (0, dim, 1):
                    raise ValueError("the clients axis can only be taken whole")
            elif stride == 0 or (size > 0 and not (0 <= start < dim and 0 <= start + (size - 1) * stride < dim)):
                raise ValueError(f"{size} elements from {start} by {stride} leave an axis of size {dim}")
        return self.sizes

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Index arrays per axis."""
        sizes = resolve(self.sizes, env.clients)
        picks = [s + np.arange(k) * d for s, k, d in zip(self.starts, sizes, self.strides, strict=True)]
        return (np.asarray(args[0])[np.ix_(*picks)] if picks else np.asarray(args[0]),)


class TakeOp(StructuralOp):
    """Entries of one axis at constant positions, in any order; positions may be left out, and taken more than once.

    Args:
        axis: Which one; not the clients axis.
        positions: Of every entry of the result along that axis where it comes from: integers, one axis.
    """

    axis: int
    positions: Array

    def new_shape(self, shape: Shape) -> Shape:
        """As many entries as there are positions, which must be those of the axis."""
        if not 0 <= self.axis < len(shape) or shape[self.axis] == CLIENTS_DIM:
            raise ValueError(f"axis {self.axis} is none of static size")
        if self.positions.ndim != 1 or self.positions.dtype != np.int64:
            raise ValueError("positions are integers of 64 bits, along one axis")
        size = int(shape[self.axis])
        outside = self.positions[(self.positions < 0) | (self.positions >= size)]
        if outside.size:
            raise ValueError(f"position {outside[0]} of an axis of size {size}")
        return (*shape[: self.axis], self.positions.size, *shape[self.axis + 1 :])

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's take."""
        return (np.take(args[0], self.positions, axis=self.axis),)


class ConcatOp(Op):
    """Joins tensors along an axis.

    Args:
        axis: Which one; not the clients axis.
    """

    axis: int

    def joined_type(self, shape: Shape) -> Type:
        """Type of the result; here the operands must agree in all but the size along the axis."""
        (joined,) = {o.type.with_shape(shape) for o in self.operands}
        return joined

    def infer(self) -> tuple[Type, ...]:
        """Sums the sizes along the axis."""
        shapes = [o.type.shape for o in self.operands]
        others = {reduced_shape(s, (self.axis,)) if 0 <= self.axis < len(s) else None for s in shapes}
        if len(others) != 1 or None in others or any(s[self.axis] == CLIENTS_DIM for s in shapes):
            raise self.fail(f"shapes do not join along axis {self.axis}")
        total = sum(int(s[self.axis]) for s in shapes)
        first = shapes[0]
        try:
            return (self.joined_type((*first[: self.axis], total, *first[self.axis + 1 :])),)
        except ValueError:
            raise self.fail("operands differ in type") from None

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's concatenate."""
        return (np.concatenate(list(args), axis=self.axis),)


class StackOp(StructuralOp):
    """Makes the clients axis, the first one, an axis of static size, along which clients can be compared and sorted.

    A program that does so is for rounds of exactly so many clients.

    Args:
        clients: How many.
    """

    clients: int

    def new_shape(self, shape: Shape) -> Shape:
        """The first axis gets its size."""
        if shape[:1] != (CLIENTS_DIM,) or CLIENTS_DIM in shape[1:] or self.clients < 1:
            raise ValueError(f"{shape_text(shape)} has no clients axis, just the first one, to get size {self.clients}")
        return (self.clients, *shape[1:])

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """The same elements."""
        return (_exactly(args[0], self.clients, env),)


class UnstackOp(StructuralOp):
    """Makes the first axis, of exactly as many elements as the round has clients, the clients axis again."""

    def new_shape(self, shape: Shape) -> Shape:
        """The first axis runs over clients."""
        if not shape or CLIENTS_DIM in shape:
            raise ValueError(f"{shape_text(shape)} has no first axis of static size, or a clients axis already")
        return (CLIENTS_DIM, *shape[1:])

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """The same elements."""
        return (_exactly(args[0], int(self.operands[0].type.shape[0]), env),)


def _exactly(array: Array, clients: int, env: Environment) -> Array:
    if env.clients != clients:
        raise ValueError(f"a program for exactly {clients} clients, in a round of {env.clients}")
    return array


MOVES = (ReshapeOp, TransposeOp, BroadcastOp, SliceOp, TakeOp, ConcatOp, StackOp, UnstackOp)
"""Every element of the result is an element of an operand."""
