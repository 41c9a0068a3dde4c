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


def at_least(facts: Facts, divisor: Factor, term: Term) -> Iterator[Term]:
    """All L that the theorems of this module give, those of sums at the positions of factors of a term."""
    yield from enlarged(facts, divisor)
    for _, summand in summands(facts, divisor, term):
        yield summand


def enlarged(facts: Facts, divisor: Factor) -> Iterator[Term]:
    """max(a, b) >= a, and a + b >= a if b >= 0; both for a >= 0 only, since terms are absolute values."""
    op = divisor.value.op
    if not isinstance(op, ew.Maximum | ew.Add):
        return
    non_negative = [facts.intervals[o].lo >= 0 for o in op.operands]
    for i, operand in enumerate(op.operands):
        if non_negative[i] and (isinstance(op, ew.Maximum) or non_negative[1 - i]):
            term = facts.terms.at(operand, op.result.type.shape, divisor.positions)
            if term is not None:
                yield term


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


def totals(facts: Facts, divisor: Factor) -> Iterator[tuple[Factor, float]]:
    """Sums T and numbers c such that the divisor is nowhere below c·T: itself, or within maxima and sums."""
    if facts.adds_up(divisor.value) is not None:
        yield divisor, 1.0
    for term in enlarged(facts, divisor):
        if list(term.powers.values()) == [1.0]:
            for total, coefficient in totals(facts, next(iter(term.powers))):
                yield total, coefficient * term.coefficient


def below(facts: Facts, value: Value) -> set[Value]:
    """All values that the theorems of this module may relate a divisor to."""
    found: set[Value] = set()
    pending = [value]
    while pending:
        op = pending.pop().op
        inner: list[Value] = []
        if isinstance(op, ew.Maximum | ew.Add):
            inner = [factor.value for o in op.operands for factor in facts.terms[o].powers]
        elif (sum_ := facts.summation(op.result)) is not None:
            inner = [factor.value for factor in sum_.term.powers]
        pending += [v for v in inner if v not in found]
        found.update(inner)
    return found
