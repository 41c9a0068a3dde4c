"""Theorems about sums of many terms: averages, and the Cauchy-Schwarz inequality.

A sum here is over the last ``count`` positions of a term.
"""

from __future__ import annotations

from collections.abc import Iterator

from ezprivsecfl.compiler.analyses.at_least import below, summands, totals
from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.terms import Factor, Term
from ezprivsecfl.ir.tensor.structure import Clients


def weighted_averages(facts: Facts, term: Term, count: int) -> Iterator[Term]:
    """If all w >= 0 and W >= Σ w, then ``|Σ (w_i / W)·x_i| <= max |x_i|``: yields terms for x.

    The weights that are multiplied must be weights that W adds up, no one of them twice, and W the same for all i:
    then ``Σ |w_i / W|`` is at most 1. With w = x² it says that x / |x|
    has norm 1, and x / max(|x|, c) one of at most 1.
    """
    for divisor in _constant_divisors(term, count, 1.0):
        for total, coefficient, power in totals(facts, divisor):
            for position, weight in summands(facts, total, term) if term.powers[divisor] <= -power else ():
                along = position.last(count)
                rest = term.over(weight) if along is not None and along.is_injective() else None
                if rest is not None:
                    yield rest.times(Term.of(divisor), power).times(Term(1 / coefficient))


def means(facts: Facts, term: Term, count: int) -> Iterator[Term]:
    """A sum of one number for each of n clients, divided by n, is at most the largest: yields terms for the numbers."""
    for divisor in _constant_divisors(term, count, 1.0):
        if isinstance(divisor.value.op, Clients):
            yield term.times(Term.of(divisor))


def cauchy_schwarz(facts: Facts, term: Term, count: int) -> Iterator[tuple[Term, Term]]:
    """``|Σ a_i·b_i| <= sqrt(Σ a_i²)·sqrt(Σ b_i²)``: yields a², b² where a is a quotient by what may be its norm."""
    for divisor in _constant_divisors(term, count, 0.5):
        related = below(facts, divisor.value)
        for factor, power in term.powers.items():
            if power == 1 and factor.value in related:
                a = Term(1.0, {factor: 1.0, divisor: -0.5})
                yield Term().times(a, 2.0), Term().times(term.times(a, -1.0), 2.0)


def _constant_divisors(term: Term, count: int, power: float) -> list[Factor]:
    """Factors whose power is -``power`` or less, and that are the same in all summands."""
    divisors = [factor for factor, exponent in term.powers.items() if exponent <= -power]
    return [d for d in divisors if (along := d.positions.last(count)) is not None and along.is_constant()]
