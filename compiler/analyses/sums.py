"""Sums over axes and matrix products, both as what they are: for every entry of the result a sum of terms."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ezprivsecfl.compiler.analyses.positions import Positions, numbers, place_values, transposed
from ezprivsecfl.compiler.analyses.terms import Term, Terms, entries
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import Dim


@dataclass(frozen=True)
class Summation:
    """Entry j of the result is the sum of the summands ``j·count`` to ``j·count + count - 1``.

    Args:
        count: How many summands an entry has (see ``positions.CLIENTS``).
        dims: The sizes whose product that is.
        results: How many entries the result has.
        term: The absolute values of the summands.
        squares: Whether every summand is the square of a number, as the products of a matrix product may be.
    """

    count: int
    dims: tuple[Dim, ...]
    results: int
    term: Term
    squares: bool

    def owners(self) -> Positions:
        """For every summand, the entry that it is part of."""
        return Positions.of([(self.results, 1), (self.count, 0)])


def summation(op: Op, terms: Terms) -> Summation | None:
    """The operation as a sum; None if it is none, has no summands or entries, or they cannot be written down."""
    if any(0 in o.type.shape for o in op.operands):
        return None
    if isinstance(op, st.Sum):
        return _sum(op, terms)
    return _matmul(op, terms) if isinstance(op, st.MatMul) else None


def _sum(op: st.Sum, terms: Terms) -> Summation | None:
    (operand,) = op.operands
    shape = operand.type.shape
    kept = [a for a in range(len(shape)) if a not in op.axes]
    term = terms[operand].at(transposed(shape, [*kept, *op.axes]))
    dims = tuple(shape[a] for a in op.axes)
    return None if term is None else Summation(math.prod(numbers(dims)), dims, _entries_of(op), term, squares=False)


def _matmul(op: st.MatMul, terms: Terms) -> Summation | None:
    a, b = op.operands
    left, right = (_summands_of(op, i) for i in (0, 1))
    x, y = terms[a].at(left), terms[b].at(right)
    if x is None or y is None:
        return None
    (p, p_positions), (q, q_positions) = entries(a), entries(b)
    squares = p is q and p_positions.after(left) == q_positions.after(right) is not None
    dims = a.type.shape[-1:]
    return Summation(math.prod(numbers(dims)), dims, _entries_of(op), x.times(y), squares)


def _summands_of(op: st.MatMul, operand: int) -> Positions:
    """For every summand of a matrix product (batch, row, column, then what is summed) the entry of an operand."""
    result, shape = numbers(op.result.type.shape), numbers(op.operands[operand].type.shape)
    places = place_values(shape)
    padded = (*(1,) * (len(result) - len(shape)), *shape[:-2])
    strides = (*(0,) * (len(result) - len(shape)), *places[:-2])
    batch = [(n, 0 if d == 1 else s) for n, d, s in zip(result[:-2], padded, strides, strict=True)]
    row, column, inner = (places[-2], 0, places[-1]) if operand == 0 else (0, places[-1], places[-2])
    return Positions.of(
        [*batch, (result[-2], row), (result[-1], column), (numbers(op.operands[0].type.shape)[-1], inner)]
    )


def _entries_of(op: Op) -> int:
    return math.prod(numbers(op.result.type.shape))
