"""Lengths: L2 norms along axes of a value, which clients prove where they do not prove every single entry.

The *length* of a value along some of its axes is the largest L2 norm of its entries there, at any one position of all
other axes: of a stack of updates [n, d], each row's along the last axis, and that of everything along both. Axes are
counted from the last one, -1, so that they stay what they are when a value is broadcast; those of size 1 do not count.
Lengths start at inputs with a ``norm``, along all axes but the clients', and at quotients by what may be a norm; of
other values that entries are bounded says enough.

**Other axes.** Along B a value is at most √m times as long as along A, for the m positions of the axes that are in B
and not in A: a vector along B consists of parts, one for each of these, of which each lies in a vector along A.

**Sums.** For a sum over positions i, with a and b taken at positions that are all different::

    Σ a_i²·r_i      <= |a|²·max |r_i|
    Σ |a_i·b_i|·r_i <= |a|·|b|·max |r_i|           (Cauchy-Schwarz)
    Σ |a_i|·r_i     <= |a|·√k·max |r_i|            (the same for b = 1, k summands)

If the positions lie in m different vectors along A, |a| is at most √m times the length along A. If every position is
taken k times, it is √k times as much. Of positions of which some are taken more often than others the theorem says
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from ezprivsecfl.compiler.analyses.facts import Axes, Facts
from ezprivsecfl.compiler.analyses.positions import Positions, numbers, place_values, resolved, transposed
from ezprivsecfl.compiler.analyses.terms import Factor, Term
from ezprivsecfl.ir.interval import Interval, product
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import CLIENTS_DIM, Shape


def wide(shape: Shape) -> Axes:
    """The axes of more than one entry."""
    return frozenset(i - len(shape) for i, d in enumerate(shape) if d != 1)


def own_axes(shape: Shape) -> Axes:
    """The axes that do not run over clients."""
    return frozenset(a for a in wide(shape) if shape[a] != CLIENTS_DIM)


def sizes(facts: Facts, shape: Shape, axes: Axes) -> int:
    """How many positions some axes have, for the largest number of clients."""
    return facts.most(tuple(shape[a] for a in axes))


def length(facts: Facts, value: Value, axes: Axes) -> float:
    """The length of a value along some axes is at most that."""
    shape = value.type.shape
    axes = axes & wide(shape)
    if isinstance(value.op, Constant):
        squares = np.square(np.asarray(value.op.value, dtype=np.float64))
        return math.sqrt(np.max(np.sum(squares, axis=tuple(axes)), initial=0.0))
    found = product(math.sqrt(sizes(facts, shape, axes)), facts.intervals[value].magnitude)
    for along, known in facts.lengths.get(value, {}).items():
        found = min(found, product(math.sqrt(sizes(facts, shape, axes - along)), known))
    return found


def vectors(shape: Shape, axes: Axes) -> Positions:
    """For every position of a value the vector along some axes that it is in, as the first position of that."""
    places = place_values(numbers(shape))
    strides = [0 if i - len(shape) in axes else place for i, place in enumerate(places)]
    return Positions.of(list(zip(numbers(shape), strides, strict=True)))


def one_after_another(shape: Shape, axes: Axes) -> Positions:
    """The positions of a value, so that those of a vector along some axes come one after another."""
    inside = sorted(a + len(shape) for a in axes)
    return transposed(shape, [*(i for i in range(len(shape)) if i not in inside), *inside])


def by_lengths(facts: Facts, term: Term, count: int) -> Iterator[tuple[float, Term]]:
    """The theorem, for a sum over the last ``count`` positions of a term: yields bounds of Σ a·b, and terms for r."""
    factors = [factor for factor, power in term.powers.items() if power >= 1]
    if not any(factor.value in facts.lengths for factor in factors):
        return
    most = resolved(count, facts.clients)
    found = [(f, *one) for f in factors for one in _norms(facts, term, f, count)]
    for factor, norm, rest in found:
        if term.powers[factor] >= 2:
            yield norm**2, rest.times(rest).times(term).times(Term.of(factor), -2.0)
        yield norm * math.sqrt(most), rest.times(term).times(Term.of(factor), -1.0)
    for (a, norm_a, rest_a), (b, norm_b, rest_b) in combinations(found, 2):
        if a is not b:
            rest = rest_a.times(rest_b).times(term)
            yield norm_a * norm_b, rest.times(Term.of(a), -1.0).times(Term.of(b), -1.0)


def _norms(facts: Facts, term: Term, factor: Factor, count: int) -> Iterator[tuple[float, Term]]:
    """Of the entries that a sum takes of a factor, the norm: numbers, and what they are to be multiplied with.

    Of a sum over the clients of the round it is their number times that of one; divided by it, it is that of one.
    """
    along = factor.positions.last(count)
    moving = None if along is None else Positions.of([d for d in along.digits if d[1]])
    if along is None or moving is None or not moving.is_injective():
        return
    repeats = math.prod(resolved(size, facts.clients) for size, stride in along.digits if not stride)
    entries = resolved(moving.count, facts.clients)
    norm = product(math.sqrt(entries), facts.intervals[factor.value].magnitude)
    known = dict(facts.lengths.get(factor.value, {}))
    if isinstance(factor.value.op, Constant):
        everything = wide(factor.value.type.shape)
        known[everything] = length(facts, factor.value, everything)
    for axes, size in known.items():
        norm = min(norm, product(math.sqrt(_parts(facts, factor, count, axes)), size))
    if math.isfinite(norm):
        yield math.sqrt(repeats) * norm, Term()
    own = own_axes(factor.value.type.shape)
    one = _of_one_client(facts, factor.value.op)
    if math.isfinite(one):
        times = math.sqrt(repeats * _parts(facts, factor, count, own))
        for other, power in term.powers.items():
            if isinstance(other.value.op, st.Clients) and power <= -term.powers[factor]:
                yield times * one, Term.of(other)


def _parts(facts: Facts, factor: Factor, count: int, axes: Axes) -> float:
    """In how many vectors along some axes the entries lie that a sum over the last positions takes of a factor."""
    which = vectors(factor.value.type.shape, axes).after(factor.positions)
    which = None if which is None else which.last(count)
    if which is None:
        return math.inf
    return math.prod(resolved(size, facts.clients) for size, stride in which.digits if stride)


def _of_one_client(facts: Facts, op: Op) -> float:
    """For a sum over the clients, how long what it adds up for each of them is; else infinite.

    The sum is at most as many times as long as there are clients: of no other bound of its length is that true.
    """
    if op.operands and facts.lengths.keys().isdisjoint(op.operands):
        return math.inf
    if isinstance(op, st.Sum):
        (operand,) = op.operands
        shape = operand.type.shape
        summed = [shape[a] for a in op.axes]
        if summed.count(CLIENTS_DIM) != 1:
            return math.inf
        own = own_axes(shape)
        inside = frozenset(a - len(shape) for a in op.axes) & own
        return math.sqrt(sizes(facts, shape, inside)) * length(facts, operand, own)
    if isinstance(op, st.MatMul) and op.operands[0].type.shape[-1] == CLIENTS_DIM:
        return math.prod(length(facts, o, own_axes(o.type.shape)) for o in op.operands)
    return math.inf


def improved(shape: Shape, found: Mapping[Axes, float], facts: Facts, interval: Interval) -> dict[Axes, float]:
    """Of lengths of a value those that say more than its entries and lengths along fewer axes do."""
    kept: dict[Axes, float] = {frozenset(): interval.magnitude}
    for axes in sorted(found, key=len):
        others = min(product(math.sqrt(sizes(facts, shape, axes - a)), known) for a, known in kept.items())
        if axes and found[axes] < others * (1 - 1e-9):
            kept[axes] = found[axes]
    del kept[frozenset()]
    return kept


def spread(axes: Sequence[int], rank: int) -> Axes:
    """Axes that are counted from the first one, counted from the last."""
    return frozenset(a - rank for a in axes)
