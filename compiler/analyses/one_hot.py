"""One-hot vectors: along the last axis of an input exactly one entry is 1, and all others are 0; clients prove it.

The theorem, for a sum over positions i of a one-hot input x at positions of which no two are the same::

    |Σ x_i^p·r_i| <= v·max |r_i|    for a power p > 0, where the positions lie within v vectors
    Σ x_i^p        = v              if they are all that these vectors have

If every position is taken m times it is m times as much. Of positions of which some are taken more often than others
the theorem says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.positions import Positions, numbers, resolved
from ezprivsecfl.compiler.analyses.terms import Factor, Term
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import Input


@dataclass(frozen=True)
class Ones:
    """How many of a sum's summands are 1.

    Args:
        most: At most so many (see ``positions.CLIENTS``).
        exact: Whether it is always that many.
    """

    most: int
    exact: bool


def by_one_hot(facts: Facts, term: Term, count: int) -> Iterator[tuple[float, Term]]:
    """The first part, for a sum over the last ``count`` positions of a term: yields v, and terms for r."""
    for factor, power in term.powers.items():
        ones = _ones(factor, count) if power > 0 else None
        if ones is not None:
            yield float(resolved(ones.most, facts.clients)), term.times(Term.of(factor), -power)


def exact_sum(facts: Facts, value: Value) -> Interval | None:
    """The second part: what a sum of entries of a one-hot input is; None of any other sum."""
    sum_ = facts.adds_up(value)
    if sum_ is None or sum_.term.coefficient != 1 or len(sum_.term.powers) != 1 or facts.is_sketched(value.op):
        return None
    ((factor, power),) = sum_.term.powers.items()
    ones = _ones(factor, sum_.count) if power > 0 else None
    if ones is None or not ones.exact:
        return None
    return Interval(float(resolved(ones.most, 1)), float(resolved(ones.most, facts.clients)))


def _ones(factor: Factor, count: int) -> Ones | None:
    op = factor.value.op
    if not isinstance(op, Input) or not op.one_hot:
        return None
    length, entries = int(op.type.shape[-1]), math.prod(numbers(op.type.shape))
    vector_of = Positions.of([(entries // length, 1), (length, 0)]).after(factor.positions)
    along = factor.positions.last(count)
    vectors = None if vector_of is None else vector_of.last(count)
    if along is None or vectors is None or not Positions.of([d for d in along.digits if d[1]]).is_injective():
        return None
    repeats = math.prod(size for size, stride in along.digits if not stride)
    found = math.prod(size for size, stride in vectors.digits if stride)
    return Ones(repeats * found, exact=count == repeats * found * length)
