"""Bounds of terms: the search for the theorems that bound a product of powers, or a sum of such, best."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ezprivsecfl.compiler.analyses.at_least import at_least, may_cancel
from ezprivsecfl.compiler.analyses.averages import cauchy_schwarz, means, weighted_averages
from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.lengths import by_lengths
from ezprivsecfl.compiler.analyses.one_hot import by_one_hot
from ezprivsecfl.compiler.analyses.positions import CLIENTS, numbers
from ezprivsecfl.compiler.analyses.terms import Factor, Term
from ezprivsecfl.ir.interval import power as power_of
from ezprivsecfl.ir.interval import product
from ezprivsecfl.ir.tensor.structure import Clients
from ezprivsecfl.ir.types import Dim

DEPTH = 3
"""So many rewritings follow one another at most.

There is always one more (Cauchy-Schwarz squares what it is given), and each makes the search several times longer.
"""

TERMS = 400
"""So many terms are rewritten to bound one value: their number can grow exponentially with the depth."""

Divisors = frozenset[Factor]
"""Factors that are not 0 wherever the bounded value is a finite number."""


def divisors(term: Term) -> Divisors:
    """The divisors of a term as the program has it; those of a rewritten one may be 0 although the value is finite."""
    return frozenset(factor for factor, power in term.powers.items() if power < 0)


@dataclass
class Bounds:
    """Upper bounds of terms, wherever these are finite.

    Every rewriting replaces a term by one that is nowhere smaller, so any sequence of them gives a bound, and the
    smallest one is taken. Divisors are rewritten only to what may cancel with another factor.
    """

    facts: Facts
    _found: dict[tuple[frozenset[tuple[Factor, float]], Divisors], float] = field(default_factory=dict)
    _depth: int = 0
    _left: int = TERMS

    def of(self, term: Term, nonzero: Divisors) -> float:
        """The largest that the term can be where some factors are not 0."""
        powers = frozenset(term.powers.items())
        key = powers, nonzero & frozenset(term.powers)
        if key not in self._found:
            if self._depth == 0:
                self._left = TERMS
            if self._depth == DEPTH or not self._left:
                return self._factor_by_factor(term, nonzero)
            self._depth += 1
            self._left -= 1
            self._found[key] = self._search(Term(1.0, term.powers), nonzero)
            self._depth -= 1
        return product(term.coefficient, self._found[key])

    def of_sum(self, term: Term, dims: tuple[Dim, ...], nonzero: Divisors) -> float:
        """The largest that the absolute value of a sum of terms with signs can be.

        Args:
            term: The summands, over its last positions.
            dims: The sizes whose product their number is.
            nonzero: See ``of``.
        """
        most, count, facts = self.facts.most(dims), math.prod(numbers(dims)), self.facts
        bounds = [most * self.of(term, nonzero)]
        bounds += [self.of(x, nonzero) for x in weighted_averages(facts, term, count)]
        bounds += [product(ones, self.of(x, nonzero)) for ones, x in by_one_hot(facts, term, count)]
        if count % CLIENTS == 0:
            bounds += [most / facts.clients * self.of(x, nonzero) for x in means(facts, term, count)]
        bounds += [
            product(math.sqrt(self.of_sum(a, dims, nonzero)), math.sqrt(self.of_sum(b, dims, nonzero)))
            for a, b in cauchy_schwarz(facts, term, count)
        ]
        if self._depth == 0:  # a rewritten sum has further factors, which lengths leave whole
            bounds.append(self.by_lengths(term, count, nonzero))
        return min(bounds)

    def by_lengths(self, term: Term, count: int, nonzero: Divisors) -> float:
        """The largest that a sum over the last ``count`` positions can be by how long factors are; infinite if unknown.

        What is left is bounded factor by factor: it cancels with none of these, and a search would take long.
        """
        found = by_lengths(self.facts, term, count)
        return min((product(size, self._factor_by_factor(x, nonzero)) for size, x in found), default=math.inf)

    def _search(self, term: Term, nonzero: Divisors) -> float:
        best = self._factor_by_factor(term, nonzero)
        for factor, power in term.powers.items():
            if power < 0 and may_cancel(self.facts, factor.value, term):
                for lower in at_least(self.facts, factor, term):
                    smaller = term.times(Term.of(factor), -power).over(lower, -power)
                    best = best if smaller is None else min(best, self.of(smaller, nonzero))
            elif power >= 1:
                best = min(best, self._spread(term, factor, nonzero))
        return best

    def _factor_by_factor(self, term: Term, nonzero: Divisors) -> float:
        bound = term.coefficient
        for factor, power in term.powers.items():
            interval = self.facts.intervals[factor.value]
            if power > 0:
                bound = product(bound, power_of(interval.magnitude, power))
            else:
                whole = factor.value in self.facts.integers and factor in nonzero
                smallest = max(interval.mignitude, 1.0 if whole else 0.0)
                bound = product(bound, power_of(smallest, power))
        return bound

    def _spread(self, term: Term, numerator: Factor, nonzero: Divisors) -> float:
        """A sum times something is the sum of the summands times that, where a divisor may cancel with a summand."""
        sum_ = self.facts.summation(numerator.value)
        if sum_ is None or self.facts.is_sketched(numerator.value.op):
            return math.inf
        outside = [factor.value for factor, power in term.powers.items() if power < 0]
        if not any(isinstance(d.op, Clients) or may_cancel(self.facts, d, sum_.term) for d in outside):
            return math.inf
        summands = sum_.term.at(numerator.positions.blocks(sum_.count))
        if summands is None:
            return math.inf
        rest = term.times(Term.of(numerator), -1.0)
        powers = {Factor(f.value, f.positions.repeated(sum_.count)): p for f, p in rest.powers.items()}
        still = {Factor(f.value, f.positions.repeated(sum_.count)) for f in nonzero} | divisors(summands)
        return self.of_sum(Term(rest.coefficient, powers).times(summands), sum_.dims, frozenset(still))
