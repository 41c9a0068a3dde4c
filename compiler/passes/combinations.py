"""Values whose rows are linear combinations of the rows of one matrix, however a program has written them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.values import constant_value, tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, Shape, count

LONG = 2
"""Rows of so many times as many entries as there are rows are worth a matrix of inner products."""


@dataclass(frozen=True)
class Term:
    """Rows ``scale · weights · X``.

    Args:
        scale: A constant.
        weights: ``[m, n]`` for an X of n rows; None for the identity.
        axis: Where the m rows lie, counted from the last axis (-1); None for a single row that is the same everywhere.
    """

    scale: float
    weights: Value | None
    axis: int | None


@dataclass(frozen=True)
class Combination:
    """A sum of terms.

    Args:
        base: The matrix X, of shape [n, d].
        along: Where the d entries of rows lie, counted from the last axis (-1).
        terms: What is added up.
    """

    base: Value
    along: int
    terms: tuple[Term, ...]


@dataclass
class Combinations:
    """Finds combinations among the values of a program that is being built; adds the weights that they need."""

    b: ProgramBuilder
    found: dict[Value, Combination | None] = field(default_factory=dict)

    def of(self, value: Value) -> Combination | None:
        """The value as a combination of the rows of some matrix: of its own, if nothing else; None if it has none."""
        if value not in self.found:
            combined = self._combined(value.op)
            self.found[value] = _as_it_is(value) if combined is None else combined
        return self.found[value]

    def pair(self, op: Op) -> tuple[Combination, Combination] | None:
        """The factors of a matrix product, if it is that of rows of two combinations of one matrix."""
        if not isinstance(op, st.MatMul):
            return None
        left, right = (self.of(o) for o in op.operands)
        if left is None or right is None or left.base is not right.base or (left.along, right.along) != (-1, -2):
            return None
        return left, right

    def _combined(self, op: Op) -> Combination | None:
        if CLIENTS_DIM in op.result.type.shape:
            return None
        match op:
            case st.Reshape() | st.Transpose() | st.Broadcast():
                return self._moved(op)
            case ew.Neg():
                return _scaled(self.of(op.operands[0]), -1.0)
            case ew.Add() | ew.Sub():
                return self._added(op)
            case ew.Mul():
                return self._multiplied(op)
            case st.Sum():
                return self._summed(op)
            case st.MatMul():
                return self._weighted(op)
        return None

    def _moved(self, op: Op) -> Combination | None:
        x = self.of(op.operands[0])
        places = _places(op)
        if x is None or places is None:
            return None
        terms = tuple(replace(t, axis=None if t.axis is None else places[t.axis]) for t in x.terms)
        return Combination(x.base, places[x.along], terms)

    def _added(self, op: ew.Add | ew.Sub) -> Combination | None:
        x, y = (self.of(o) for o in op.operands)
        if x is None or y is None or x.base is not y.base or x.along != y.along:
            return None
        subtracted = [replace(t, scale=-t.scale) for t in y.terms] if isinstance(op, ew.Sub) else y.terms
        return Combination(x.base, x.along, (*x.terms, *subtracted))

    def _multiplied(self, op: ew.Mul) -> Combination | None:
        for value, factor in (op.operands, op.operands[::-1]):
            constant = constant_value(factor)
            if constant is not None and count(factor.type.shape) == 1:
                return _scaled(self.of(value), constant)
        for value, factor in (op.operands, op.operands[::-1]):
            x = self.of(value) if len(factor.type.shape) <= len(value.type.shape) else None
            varying = [i - len(factor.type.shape) for i, d in enumerate(factor.type.shape) if d != 1]
            if x is not None and all(set(varying) <= {t.axis} for t in x.terms):
                column = self.b.add(st.Reshape, factor, shape=(count(factor.type.shape), 1))
                weights = [self.b.add(ew.Mul, self.weights(x.base, t), column) for t in x.terms]
                return _with_weights(x, weights)
        return None

    def _summed(self, op: st.Sum) -> Combination | None:
        """Over axes of rows, or over axes along which all rows are the same."""
        (operand,), shape = op.operands, op.operands[0].type.shape
        x = self.of(operand)
        axes = [a - len(shape) for a in op.axes]
        if x is None or x.along in axes:
            return None
        terms = []
        for t in x.terms:
            repeated = int(np.prod([int(shape[a]) for a in axes if a != t.axis], dtype=np.int64))
            scaled = replace(t, scale=t.scale * repeated)
            if t.axis in axes:
                total = self.b.add(st.Sum, self.weights(x.base, t), axes=(0,))
                row = self.b.add(st.Reshape, total, shape=(1, *total.type.shape))
                terms.append(replace(scaled, weights=row, axis=None))
            else:
                terms.append(replace(scaled, axis=None if t.axis is None else t.axis + _behind(axes, t.axis)))
        return Combination(x.base, x.along + _behind(axes, x.along), tuple(terms))

    def _weighted(self, op: st.MatMul) -> Combination | None:
        """Weights times rows, or rows as columns times weights; of one matrix, not of a batch."""
        if any(d != 1 for d in op.result.type.shape[:-2]):
            return None
        left, right = op.operands
        for x, weights, along, axis in ((self.of(right), left, -1, -2), (self.of(left), right, -2, -1)):
            if x is None or x.along != along or any(t.axis != axis for t in x.terms):
                continue
            rows = self.b.add(st.Reshape, weights, shape=weights.type.shape[-2:])
            if axis == -1:
                rows = self.b.add(st.Transpose, rows, permutation=(1, 0))
            products = [rows if t.weights is None else self.b.add(st.MatMul, rows, t.weights) for t in x.terms]
            combined = _with_weights(x, products)
            single = rows.type.shape[0] == 1
            return replace(combined, terms=tuple(replace(t, axis=None) for t in combined.terms)) if single else combined
        return None

    def weights(self, base: Value, term: Term) -> Value:
        """A term's weights without its scale."""
        if term.weights is not None:
            return term.weights
        return self.b.add(Constant, value=np.eye(int(base.type.shape[0])), dtype=tensor_type(base).dtype)


def _as_it_is(value: Value) -> Combination | None:
    shape = value.type.shape
    if not tensor_type(value).is_secret or len(shape) != 2 or CLIENTS_DIM in shape:
        return None
    n, d = (int(size) for size in shape)
    return Combination(value, -1, (Term(1.0, None, -2),)) if n > 1 and d >= LONG * n else None


def _scaled(x: Combination | None, factor: float) -> Combination | None:
    return x and replace(x, terms=tuple(replace(t, scale=t.scale * factor) for t in x.terms))


def _with_weights(x: Combination, weights: Iterable[Value]) -> Combination:
    return replace(x, terms=tuple(replace(t, weights=w) for t, w in zip(x.terms, weights, strict=True)))


def _places(op: Op) -> dict[int, int] | None:
    """Where axes of more than one entry come to lie, both counted from the last one; None if they do not stay whole."""
    before, after = op.operands[0].type.shape, op.result.type.shape
    if isinstance(op, st.Transpose):
        return {old - len(before): new - len(after) for new, old in enumerate(op.permutation)}
    if isinstance(op, st.Broadcast):
        return {axis: axis for axis in _wide(before)}
    old, new = _wide(before), _wide(after)
    if [before[a] for a in old] != [after[a] for a in new]:
        return None
    return dict(zip(old, new, strict=True))


def _wide(shape: Shape) -> list[int]:
    return [i - len(shape) for i, d in enumerate(shape) if d != 1]


def _behind(axes: Sequence[int], axis: int) -> int:
    """How many of some axes come after one."""
    return sum(a > axis for a in axes)
