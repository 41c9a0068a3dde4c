"""Sums of products as matrix products, so that dot products stay whole (one ring element, not one per term)."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.tensor.elementwise import Abs, Div, DivNoNan, Mul, Neg, Reciprocal, Relu, Rsqrt, Select
from ezprivsecfl.ir.tensor.structure import MatMul, Reshape, Sum, Transpose
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, Shape


def sum_of(b: ProgramBuilder, value: Value, axes: Sequence[int]) -> Value:
    """``sum(value, axes)``; a sum over an element-wise product of equal shapes becomes batched dot products.

    Not a sum of quotients: each is computed in a circuit, with a relative error.
    """
    if not axes:
        return value
    op = value.op
    if not isinstance(op, Mul) or any(o.type.shape != value.type.shape or _is_quotient(o) for o in op.operands):
        return b.add(Sum, value, axes=tuple(axes))
    inner, clients = _split(value.type.shape, axes)
    if not inner:  # only the clients axis: a dot product over clients
        inner, clients = clients, ()
    kept = [i for i in range(len(value.type.shape)) if i not in inner]
    kept_shape = tuple(value.type.shape[i] for i in kept)
    size = _merged(value.type.shape, inner)
    left, right = (_moved(b, o, [*kept, *inner]) for o in op.operands)
    dots = b.add(
        MatMul,
        b.add(Reshape, left, shape=(*kept_shape, 1, *size)),
        b.add(Reshape, right, shape=(*kept_shape, *size, 1)),
    )
    dots = b.add(Reshape, dots, shape=kept_shape)
    rest = tuple(kept.index(a) for a in clients)
    return b.add(Sum, dots, axes=rest) if rest else dots


def weighted_sum(b: ProgramBuilder, base: Value, weights: Value, axes: Sequence[int]) -> Value:
    """``sum(base * weights, axes)`` for weights of the base's rank that vary along some of the axes."""
    shape = base.type.shape
    varying = [i for i, d in enumerate(weights.type.shape) if d != 1]
    constant = [a for a in axes if a not in varying]
    if not set(varying) <= set(axes) or len(_split(shape, varying)[1]) not in (0, len(varying)):
        return b.add(Sum, b.add(Mul, base, weights), axes=tuple(axes))
    if constant:
        base = b.add(Sum, base, axes=tuple(constant))
        varying = [v - sum(a < v for a in constant) for v in varying]
        shape = base.type.shape
    kept = [i for i in range(len(shape)) if i not in varying]
    kept_shape = tuple(shape[i] for i in kept)
    size = _merged(shape, varying)
    if CLIENTS_DIM in kept_shape:
        rows = b.add(Reshape, _moved(b, base, [*kept, *varying]), shape=(*kept_shape, *size))
        column = b.add(Reshape, weights, shape=(*size, 1))
        if len(kept) == 1:
            return b.add(Reshape, b.add(MatMul, rows, column), shape=kept_shape)
        products = b.add(MatMul, rows, _batched(b, column, len(rows.type.shape)))
        return b.add(Reshape, products, shape=kept_shape)
    columns = _merged(shape, kept) if kept else (1,)
    matrix = b.add(Reshape, _moved(b, base, [*varying, *kept]), shape=(*size, *columns))
    row = b.add(Reshape, weights, shape=(1, *size))
    return b.add(Reshape, b.add(MatMul, row, matrix), shape=kept_shape)


def _is_quotient(value: Value) -> bool:
    """Whether an entry may be far smaller or larger than the others, since each is divided by a number of its own."""
    op = value.op
    if isinstance(op, Select | Reshape | Transpose | Abs | Neg | Relu):
        return any(_is_quotient(o) for o in op.operands)
    return isinstance(op, Div | DivNoNan | Reciprocal | Rsqrt) and tensor_type(value).is_secret


def _split(shape: Shape, axes: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Axes of static size, and the clients axis if it is among them."""
    clients = tuple(a for a in axes if shape[a] == CLIENTS_DIM)
    return tuple(sorted(set(axes) - set(clients))), clients


def _merged(shape: Shape, axes: Sequence[int]) -> Shape:
    """One axis in place of several."""
    if any(shape[a] == CLIENTS_DIM for a in axes):
        (only,) = axes
        return (shape[only],)
    total = 1
    for a in axes:
        total *= int(shape[a])
    return (total,)


def _moved(b: ProgramBuilder, value: Value, order: Sequence[int]) -> Value:
    if list(order) == sorted(order):
        return value
    return b.add(Transpose, value, permutation=tuple(order))


def _batched(b: ProgramBuilder, column: Value, rank: int) -> Value:
    return b.add(Reshape, column, shape=(1,) * (rank - 2) + column.type.shape)
