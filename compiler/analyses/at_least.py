"""Theorems about divisors: what a value is nowhere below.

Of ``D >= L >= 0`` follows ``1 / D <= 1 / L``. Each function yields such L for a divisor D, at the same positions.
"""

from __future__ import annotations

from collections.abc import Iterator

from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.positions import Positions
from ezprivsecfl.compiler.analyses.terms import Factor, Term, same
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import elementwise as ew

MOST_PARTS = 1000
"""So many parts of a divisor are looked at: a maximum over the entries of a vector has as many as that."""


def at_least(facts: Facts, divisor: Factor, term: Term) -> Iterator[Term]:
    """All L that the theorems of this module give and that may cancel with a factor of a term."""
    for part in enlarged(facts, divisor.value):
        further = _enlarges(part) is None  # else its own parts are among these
        if any(_is_in(f.value, term) or (further and may_cancel(facts, f.value, term)) for f in part.powers):
            lower = part.at(divisor.positions)
            if lower is not None:
                yield lower
    for _, summand in summands(facts, divisor, term):
        yield summand


def enlarged(facts: Facts, value: Value) -> list[Term]:
    """max(a, b) >= a, and a + b >= a if b >= 0; both for a >= 0 only, since terms are absolute values."""
    if value not in facts.parts:
        found: list[Term] = []
        pending = [Term.of(same(value))]
        while pending and len(found) < MOST_PARTS:
            smaller = list(_smaller(facts, pending.pop(0)))
            found += smaller
            pending += smaller
        facts.parts[value] = found
    return facts.parts[value]


def _smaller(facts: Facts, part: Term) -> Iterator[Term]:
    factor = _enlarges(part)
    if factor is None:
        return
    op = factor.value.op
    non_negative = [facts.intervals[o].lo >= 0 for o in op.operands]
    for i, operand in enumerate(op.operands):
        if non_negative[i] and (isinstance(op, ew.Maximum) or non_negative[1 - i]):
            lower = facts.terms.at(operand, op.result.type.shape, factor.positions)
            if lower is not None:
                yield lower.times(Term(part.coefficient))


def _enlarges(part: Term) -> Factor | None:
    """The factor, if there is just one that is a maximum or sum of two."""
    if list(part.powers.values()) != [1.0]:
        return None
    (factor,) = part.powers
    return factor if isinstance(factor.value.op, ew.Maximum | ew.Add) else None


def summands(facts: Facts, total: Factor, term: Term) -> Iterator[tuple[Positions, Term]]:
    """A sum of numbers >= 0 is at least each of them.

    For every factor of the term that occurs in the summands: the summand that it is part of, as its position and as a
    term, if everywhere that is a summand of just this entry of the total. A sketched sum may be smaller than it should.
    """
    sum_ = facts.adds_up(total.value)
    if sum_ is None:
        return
    shortness = Term(1 / facts.shortness(total.value))
    for (value, positions), part in sum_.term.powers.items():
        back = positions.inverse() if positions.count == same(value).positions.count else None
        for factor, power in term.powers.items():
            if back is None or factor.value is not value or part * power < 0:
                continue
            position = back.after(factor.positions)
            if position is None or sum_.owners().after(position) != total.positions:
                continue
            summand = sum_.term.at(position)
            if summand is not None:
                yield position, summand.times(shortness)


def totals(facts: Facts, divisor: Factor) -> Iterator[tuple[Factor, float, float]]:
    """Sums T and numbers c and p such that the divisor's p-th power is nowhere below c·T: itself, or maxima and sums.

    Where it is at least c·T^q, for a norm say, whose q is one half, its power 1/q is at least c^(1/q)·T.
    """
    for part in [Term.of(same(divisor.value)), *enlarged(facts, divisor.value)]:
        if len(part.powers) == 1 and (lower := part.at(divisor.positions)) is not None:
            ((total, power),) = lower.powers.items()
            if power > 0 and facts.adds_up(total.value) is not None:
                yield total, lower.coefficient ** (1 / power), 1 / power


def may_cancel(facts: Facts, divisor: Value, term: Term) -> bool:
    """Whether a theorem of this module may relate a divisor to a factor of a term."""
    return any(factor.value in below(facts, divisor) for factor in term.powers)


def below(facts: Facts, divisor: Value) -> frozenset[Value]:
    """All values that the theorems of this module may relate a divisor to."""
    if divisor not in facts.below:
        parts = [factor.value for part in enlarged(facts, divisor) for factor in part.powers]
        sums = [sum_ for value in (divisor, *parts) if (sum_ := facts.summation(value)) is not None]
        inner = [factor.value for sum_ in sums for factor in sum_.term.powers]
        facts.below[divisor] = frozenset((*parts, *inner)).union(*(below(facts, v) for v in inner))
    return facts.below[divisor]


def _is_in(value: Value, term: Term) -> bool:
    return any(factor.value is value for factor in term.powers)
