"""Sums over axes and operations on shapes; on wires of circuits they move whole elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.mpc.base import LocalOp, MpcOp
from ezprivsecfl.ir.op import Array, Environment, Op
from ezprivsecfl.ir.structural import (
    BroadcastOp,
    ConcatOp,
    ReshapeOp,
    SliceOp,
    StackOp,
    SumOp,
    TakeOp,
    TransposeOp,
    UnstackOp,
)
from ezprivsecfl.ir.types import ArithType, RingType, Type, WiresType


def _pack(value: Array, type_: Type) -> Array:
    """Elements of wires as single opaque numpy items, so that numpy moves them whole."""
    if not isinstance(type_, WiresType):
        return value
    bits = np.ascontiguousarray(value, dtype=np.bool_)
    return bits.view(np.dtype((np.void, bits.shape[-1])))[..., 0]


def _unpack(value: Array, type_: Type) -> Array:
    if not isinstance(type_, WiresType):
        return value
    items = np.asarray(value, order="C")  # not ascontiguousarray, which makes a row of a single number
    return items.reshape((*items.shape, 1)).view(np.bool_)


class Moves(Op):
    """Mixin that applies a structural operation to packed elements."""

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's operation on whole elements."""
        packed = [_pack(a, o.type) for a, o in zip(args, self.operands, strict=True)]
        (moved,) = super().evaluate(packed, env)
        return (_unpack(moved, self.results[0].type),)


class Sum(SumOp, LocalOp, name="sum"):
    """Sum over axes of additive shares or public ring elements."""

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """Only linear domains can be summed."""
        if not all(isinstance(o.type, ArithType | RingType) for o in self.operands):
            raise self.fail("operands must be arith or ring values")
        return super().infer()


class Reshape(Moves, ReshapeOp, LocalOp, name="reshape"):
    """Row-major reshape; the clients axis may move past 1s but is never merged or split."""

    exact = MpcOp.evaluated


class Transpose(Moves, TransposeOp, LocalOp, name="transpose"):
    """Reorders axes."""

    exact = MpcOp.evaluated


class Broadcast(Moves, BroadcastOp, LocalOp, name="broadcast"):
    """Repeats elements along axes of size 1."""

    exact = MpcOp.evaluated


class Stack(Moves, StackOp, LocalOp, name="stack"):
    """Makes the clients axis one of static size: for rounds of exactly so many clients."""

    exact = MpcOp.evaluated


class Unstack(Moves, UnstackOp, LocalOp, name="unstack"):
    """Makes an axis of as many elements as there are clients the clients axis again."""

    exact = MpcOp.evaluated


class Slice(Moves, SliceOp, LocalOp, name="slice"):
    """Strided slice; the clients axis is only ever taken whole."""

    exact = MpcOp.evaluated


class Take(Moves, TakeOp, LocalOp, name="take"):
    """Entries of one axis at constant positions."""

    exact = MpcOp.evaluated


class Concat(Moves, ConcatOp, LocalOp, name="concat"):
    """Joins values of one domain along an axis (not the clients axis)."""

    exact = MpcOp.evaluated
