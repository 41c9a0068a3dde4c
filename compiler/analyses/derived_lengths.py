"""How long the results of operations are, given how long their operands are (``lengths.py`` says what that is)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain, combinations

import numpy as np

from ezprivsecfl.compiler.analyses.bounds import Bounds, divisors
from ezprivsecfl.compiler.analyses.facts import Axes, Facts
from ezprivsecfl.compiler.analyses.lengths import length, one_after_another, own_axes, sizes, spread, vectors, wide
from ezprivsecfl.compiler.analyses.positions import Positions, broadcast, moved, numbers, resolved
from ezprivsecfl.compiler.analyses.terms import Term, entries
from ezprivsecfl.ir.interval import product
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import Constant, Input, TensorOp
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, Shape, within_client

EVERY_ENTRY = (ew.Neg, ew.Abs, ew.Relu, ew.Cast)
"""|f(x)| <= |x|, for every entry."""

Lengths = dict[Axes, float]


def derived_lengths(facts: Facts, bounds: Bounds, op: TensorOp) -> Lengths:
    """What an operation's result is at most as long as, along axes along which that may be less than entries say."""
    if isinstance(op, Input):
        return {} if op.norm is None else {own_axes(op.type.shape): op.norm}
    if not op.results or 0 in op.results[0].type.shape or isinstance(op, Constant) or facts.is_sketched(op):
        return {}
    if facts.lengths.keys().isdisjoint(op.operands) and min(op.powers, default=0.0) >= 0:
        return {}
    match op:
        case ew.Cast() if op.dtype is DType.BOOL:
            return {}
        case st.Stack() | st.Unstack():  # the clients axis gets another name
            return dict(facts.lengths[op.operands[0]])
        case st.Slice():  # a part of every vector
            return _shortest((a & wide(op.result.type.shape), x) for a, x in facts.lengths[op.operands[0]].items())
        case st.Take():
            return _taken(facts, op)
        case st.Move():
            return _moved(facts, op)
        case st.Concat():
            return _joined(facts, op)
        case st.Sum():
            return _summed(facts, op)
        case st.MatMul():
            return _multiplied(facts, bounds, op)
    if not isinstance(op, ew.Elementwise):
        return {}
    shape = op.result.type.shape
    found = {axes: _elementwise(facts, op, axes) for axes in _along(facts, op, shape)}
    if op.powers and not isinstance(op, EVERY_ENTRY):
        found |= {axes: min(found[axes], _of_product(facts, bounds, op, axes)) for axes in found}
    return found


def _along(facts: Facts, op: Op, shape: Shape) -> set[Axes]:
    """The axes along which lengths of operands are known, or along which what may be a norm is repeated."""
    found = set()
    divides = any(power < 0 for power in facts.terms[op.result].powers.values())
    for operand in op.operands:
        repeated = wide(shape) - wide(operand.type.shape)
        found |= {repeated} if divides and repeated else set()
        for axes in facts.lengths.get(operand, {}):
            found |= {axes, axes | repeated}
    return found


def _part(facts: Facts, operand: Value, shape: Shape, axes: Axes) -> float:
    """The length of an operand after broadcasting: along new axes every entry is repeated equally often."""
    repeated = (wide(shape) - wide(operand.type.shape)) & axes
    return math.sqrt(sizes(facts, shape, repeated)) * length(facts, operand, axes)


def _elementwise(facts: Facts, op: Op, axes: Axes) -> float:
    shape = op.result.type.shape
    parts = [_part(facts, operand, shape, axes) for operand in op.operands]
    match op:
        case ew.Add() | ew.Sub():
            return sum(parts)
        case ew.Maximum() | ew.Minimum():
            return _of_extreme(facts, op, parts)
        case ew.Select():  # either branch, or some entries of each
            return max(parts[1:]) if _is_one_number(op.operands[0], shape, axes) else math.hypot(*parts[1:])
    return parts[0] if isinstance(op, EVERY_ENTRY) else math.inf


def _of_extreme(facts: Facts, op: ew.Maximum | ew.Minimum, parts: list[float]) -> float:
    """Every entry is one of either operand, so its square is at most both's.

    Where min(x, c) for c >= 0 is not x, it is c, and c <= |x|; the same for max(x, c) and c <= 0.
    """
    found = [math.hypot(*parts)]
    for part, other in zip(parts, op.operands[::-1], strict=True):
        limit = facts.intervals[other]
        if limit.lo >= 0 if isinstance(op, ew.Minimum) else limit.hi <= 0:
            found.append(part)
    return min(found)


def _is_one_number(value: Value, shape: Shape, axes: Axes) -> bool:
    """Whether all entries are the same along some axes of what a value is broadcast to."""
    along = _within(entries(value).positions.after(broadcast(value.type.shape, shape)), shape, axes)
    return along is not None and along.is_constant()


def _of_product(facts: Facts, bounds: Bounds, op: Op, axes: Axes) -> float:
    """|x·y|² is a sum of squares: so x / |x| has length 1, whatever |x| is."""
    shape = op.result.type.shape
    term = facts.terms[op.result]
    ordered = term.at(one_after_another(shape, axes))
    if ordered is None or any(factor.value is op.result for factor in term.powers):
        return math.inf  # the product could not be written down
    dims = tuple(shape[a] for a in sorted(axes))
    return math.sqrt(bounds.of_sum(Term().times(ordered, 2.0), dims, divisors(ordered)))


def _moved(facts: Facts, op: st.Move) -> Lengths:
    """Along axes along which all entries come from few vectors of the operand, each of them equally often."""
    (operand,) = op.operands
    shape, positions = op.result.type.shape, moved(op)
    found = Lengths()
    for along, known in facts.lengths[operand].items():
        which = None if positions is None else vectors(operand.type.shape, along).after(positions)
        for axes in _subsets(wide(shape)):
            parts, taken = _within(which, shape, axes), _within(positions, shape, axes)
            if parts is None or taken is None or not Positions.of([d for d in taken.digits if d[1]]).is_injective():
                continue
            times = [n for n, stride in parts.digits if stride] + [n for n, stride in taken.digits if not stride]
            longest = math.sqrt(math.prod(resolved(n, facts.clients) for n in times)) * known
            found[axes] = min(found.get(axes, math.inf), longest)
    return found


def _taken(facts: Facts, op: st.Take) -> Lengths:
    """|(x_i)|² is at most as many times |x|² as one entry is taken; other axes stay as they are."""
    (operand,) = op.operands
    (axis,) = spread([op.axis], len(operand.type.shape))
    most_often = int(np.bincount(op.positions).max())
    found = facts.lengths[operand]
    taken = ((a & wide(op.result.type.shape), math.sqrt(most_often) * x if axis in a else x) for a, x in found.items())
    return _shortest(taken)


def _within(positions: Positions | None, shape: Shape, axes: Axes) -> Positions | None:
    """A map of the positions of a value, for those of one vector along some axes."""
    ordered = None if positions is None else positions.after(one_after_another(shape, axes))
    return None if ordered is None else ordered.last(math.prod(numbers(tuple(shape[a] for a in axes))))


def _subsets(axes: Axes) -> Iterator[Axes]:
    return map(frozenset, chain.from_iterable(combinations(sorted(axes), k + 1) for k in range(len(axes))))


def _summed(facts: Facts, op: st.Sum) -> Lengths:
    """A sum of k vectors is at most k times as long as the longest, and √k times as all of them side by side."""
    (operand,) = op.operands
    shape = operand.type.shape
    summed = spread(op.axes, len(shape)) & wide(shape)
    most = sizes(facts, shape, summed)
    found = []
    for along in [*facts.lengths[operand], own_axes(shape)]:
        kept = along - summed
        bound = min(most * length(facts, operand, kept), math.sqrt(most) * length(facts, operand, kept | summed))
        found.append((frozenset(a + sum(b - len(shape) > a for b in op.axes) for a in kept), bound))
    return _shortest(found)


def _multiplied(facts: Facts, bounds: Bounds, op: st.MatMul) -> Lengths:
    """Of A·B, the rows along the last axis, the columns along the one before, and all along both.

    |A·B| <= |A|·|B|, and the same for one row of A, or for one column of B. With s no smaller than Σ_k |a_k| for any
    row a of A, ``|Σ a_k·b_k| <= s·max |b_k|`` for the rows b_k of B: a mean is no longer than the longest. With t the
    same for columns of A, the largest singular value of A is at most √(s·t) (Schur): then |A·B| <= √(s·t)·|B|, and
    the same for one column of B.
    """
    a, b = op.operands
    row, column, both = frozenset([-1]), frozenset([-2]), frozenset([-1, -2])
    sums = {(o, axis): _absolute_sums(facts, bounds, o, axis) for o in op.operands for axis in (-1, -2)}
    stretch_a, stretch_b = (
        min(length(facts, o, both), math.sqrt(product(sums[o, -1], sums[o, -2]))) for o in op.operands
    )
    shape = op.result.type.shape
    batch = frozenset(axis for axis in own_axes(shape) if axis < -2)
    whole_a, whole_b = (
        math.sqrt(sizes(facts, shape, batch - wide(o.type.shape))) * length(facts, o, both | batch) for o in op.operands
    )
    return _shortest(
        (axes & wide(shape), bound)
        for axes, bound in [
            (row, length(facts, a, row) * stretch_b),
            (row, product(sums[a, -1], length(facts, b, row))),
            (column, stretch_a * length(facts, b, column)),
            (column, product(sums[b, -2], length(facts, a, column))),
            (both | batch, whole_a * stretch_b),
            (both | batch, stretch_a * whole_b),
        ]
    )


def _shortest(found: Iterable[tuple[Axes, float]]) -> Lengths:
    """The shortest along each axes; along none, entries say it."""
    lengths = Lengths()
    for axes, bound in found:
        if axes:
            lengths[axes] = min(lengths.get(axes, math.inf), bound)
    return lengths


def _absolute_sums(facts: Facts, bounds: Bounds, value: Value, axis: int) -> float:
    """Σ |a_k| along an axis is at most that."""
    along = frozenset([axis]) & wide(value.type.shape)
    if isinstance(value.op, Constant):
        return float(np.max(np.sum(np.abs(np.asarray(value.op.value, dtype=np.float64)), axis=axis), initial=0.0))
    size = sizes(facts, value.type.shape, along)
    found = math.sqrt(size) * length(facts, value, along)
    term = facts.terms[value].at(one_after_another(value.type.shape, along))
    if term is None:
        return found
    return min(found, bounds.of_sum(term, tuple(value.type.shape[a] for a in along), divisors(term)))


def _joined(facts: Facts, op: st.Concat) -> Lengths:
    """Side by side: |(x, y)|² = |x|² + |y|²; and parts of one vector that do not overlap are within it."""
    shape = op.result.type.shape
    joined = spread([op.axis], len(shape))
    known = {axes for operand in op.operands for axes in facts.lengths.get(operand, {})}
    found = []
    for axes in known | {axes | joined for axes in known} | {axes - joined for axes in known}:
        parts = [length(facts, operand, axes) for operand in op.operands]
        found.append((axes & wide(shape), math.hypot(*parts) if joined <= axes else max(parts)))
    return _shortest([*found, (own_axes(shape), _of_apart(facts, op))])


def _of_apart(facts: Facts, op: st.Concat) -> float:
    """Parts of one client's vector that take no entry more than so often are as long as that many of it."""
    found = [_span(operand) for operand in op.operands]
    sources = {source for source, _ in found}
    if len(sources) != 1 or any(span is None for _, span in found):
        return math.inf
    spans = [span for _, span in found if span is not None]
    most_often = max(sum(first <= start <= last for first, last in spans) for start, _ in spans)
    (source,) = sources
    return math.sqrt(most_often) * length(facts, source, own_axes(source.type.shape))


def _span(value: Value) -> tuple[Value, tuple[int, int] | None]:
    """Where the entries of a value come from, each from another place, and the first and last of these in a client."""
    source, positions = entries(value)
    shape = value.type.shape
    within = positions.last(within_client(shape)) if shape[:1] == (CLIENTS_DIM,) == source.type.shape[:1] else None
    if within is None or not within.is_injective():
        return source, None
    first = positions.offset % within_client(source.type.shape)
    return source, (first, first + sum((size - 1) * stride for size, stride in within.digits))
