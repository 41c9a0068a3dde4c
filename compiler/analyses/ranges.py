"""Range analysis: how large every value of a tensor program can get, from the declared bounds of its inputs.

Every operation has a rule for intervals (``TensorOp.interval``). Products, quotients, roots, sums and selections are
also bounded by theorems that intervals cannot see, each stated where it is applied: ``at_least`` (divisors),
``averages`` (sums), ``guards`` (selections), ``integers``,
``lengths`` (of which clients prove the norm alone), ``one_hot``. What no theorem bounds is unbounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ezprivsecfl.compiler.analyses.bounds import Bounds, divisors
from ezprivsecfl.compiler.analyses.derived_lengths import derived_lengths
from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.guards import selected
from ezprivsecfl.compiler.analyses.integers import integers
from ezprivsecfl.compiler.analyses.lengths import improved
from ezprivsecfl.compiler.analyses.norms import excess
from ezprivsecfl.compiler.analyses.one_hot import exact_sum
from ezprivsecfl.compiler.analyses.squares import is_square
from ezprivsecfl.compiler.analyses.terms import source
from ezprivsecfl.compiler.options import Norms
from ezprivsecfl.ir.interval import Interval, product
from ezprivsecfl.ir.interval import power as power_of
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, TensorOp
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.elementwise import Select
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, count

EXACT = Norms()

RATIO = 2.0**20
"""How many times larger a quotient that no theorem bounds may be than for operands at their bounds."""

LEAST = 16.0
"""It may be so many times the ratio, however small it is for operands at their bounds."""

MARGIN = 2.0**10
"""How many times larger than what bounds it if inputs are what they are as a rule.

Scalars are not negative, and entries of which clients prove nothing but their norm are within what is declared of them.
"""

SMALL = 128
"""Up to this many elements (for 32 clients) a product with an operand on wires is computed in its circuit."""


class Ranges:
    """Intervals of all values of a tensor program whose inputs carry bounds.

    For a value on arithmetic shares the interval is proved: it follows from the inputs' bounds and from the intervals
    of what leaves circuits. For a value that circuits compute it is a claim that is checked: a finite number that
    leaves a circuit outside of it ends the round with an error, and is never cut silently.

    Args:
        program: A tensor program; ``max_clients`` and every input's ``bound`` are set.
        norms: How sums of squares are computed.
        ratio: How far the working ranges of quotients reach. With less than ``RATIO``, those that a theorem bounds are
            cut to a working range, too.
        least: They reach so many times the ratio in any case.

    Attributes:
        checked: Values whose interval is a working range because no theorem gives a finite one: secret quotients and
            logarithms, small products and selections of such, which must be computed in circuits; and public values.
    """

    def __init__(self, program: Program, norms: Norms = EXACT, ratio: float = RATIO, least: float = LEAST) -> None:
        assert program.max_clients is not None
        self.clients = program.max_clients
        self.ratio = ratio
        self.least = least
        self.norms = norms
        self.checked: set[Value] = set()
        whole = integers(program)
        self._proved = Intervals(Facts(program.max_clients, norms, whole))
        self._expected = Intervals(Facts(program.max_clients, norms, whole))
        for op in program.ops:
            assert isinstance(op, TensorOp)
            for result in op.results:
                self._expected[result] = _expected(op, self._expected.of(op))
                self._proved[result] = self._claimed(op, self._proved.of(op))

    def __getitem__(self, value: Value) -> Interval:
        return self._proved[value]

    def as_declared(self, value: Value) -> Interval:
        """The same if all entries are within what is declared of them, though clients prove no more than norms."""
        return (self._expected if value in self._proved.facts.lengths else self._proved)[value]

    def _claimed(self, op: TensorOp, interval: Interval) -> Interval:
        """The interval, cut to a working range if no theorem bounds it and something checks that at run time.

        That is done for what circuits compute where it leaves them, and for public values where they are encoded.
        """
        if not self._is_checkable(op, interval):
            return interval
        working = interval.magnitude if isinstance(op, Select) else self._working_range(op)
        if self._expected[op.result].is_bounded and self._expected[op.result].magnitude > 0:
            working = min(working, MARGIN * self._expected[op.result].magnitude)
        working = _power_of_two(working)  # circuits check where the first bit is: what passes lies within the interval
        if working >= interval.magnitude:
            return interval
        self.checked.add(op.result)
        return interval.capped(working)

    def _is_checkable(self, op: TensorOp, interval: Interval) -> bool:
        if not tensor_type(op.results[0]).is_secret:
            return not interval.is_bounded
        if math.isfinite(op.largest):
            return not interval.is_bounded or self._is_wide(op, interval)
        if min(op.powers, default=0.0) < 0:
            return not interval.is_bounded or self.ratio < RATIO
        if not any(source(o) in self.checked and tensor_type(o).is_secret for o in op.operands):
            return False
        return isinstance(op, Select) or (op.is_product and count(op.result.type.shape) <= SMALL)

    def _is_wide(self, op: TensorOp, interval: Interval) -> bool:
        """Whether a function's range is too wide for entries of which no single one is proved."""
        of_unproved = not self._proved.facts.lengths.keys().isdisjoint(op.operands)
        return of_unproved and interval.magnitude > MARGIN * self._expected[op.result].magnitude

    def _working_range(self, op: TensorOp) -> float:
        """For a product of powers what it is for factors at their bounds, times the ratio."""
        if math.isfinite(op.largest):
            return op.largest
        if not _is_term(op):  # a public value: there is nothing that it would typically be
            return self.ratio * LEAST
        term = self._proved.facts.terms[op.result]
        typical = term.coefficient
        for (value, _), power in term.powers.items():
            typical = product(typical, power_of(self[value].magnitude, power))
        return self.ratio * max(self.least, typical)


def _is_term(op: TensorOp) -> bool:
    """Whether it is a product of powers, and not just its operand (up to the sign)."""
    return op.powers not in ((), (1.0,))


def _power_of_two(magnitude: float) -> float:
    """The smallest power of two that is not below a number."""
    return 2.0 ** math.ceil(math.log2(magnitude)) if 0 < magnitude < math.inf else magnitude


def _expected(op: Op, interval: Interval) -> Interval:
    """Scalar inputs, such as weights, counts and thresholds, are not negative as a rule, and others as declared."""
    if not isinstance(op, Input):
        return interval
    if op.norm is not None:
        return op.declared.capped(op.norm)
    scalar = all(d == CLIENTS_DIM for d in op.type.shape)
    return interval.maximum(Interval(0.0, 0.0)) if scalar else interval


@dataclass
class Intervals:
    """The intervals that the rules of operations and the theorems give."""

    facts: Facts

    def __post_init__(self) -> None:
        self.bounds = Bounds(self.facts)

    def __getitem__(self, value: Value) -> Interval:
        return self.facts.intervals[value]

    def __setitem__(self, value: Value, interval: Interval) -> None:
        self.facts.intervals[value] = interval

    def of(self, op: TensorOp) -> Interval:
        """The interval of an operation's result: no entry is larger than the result is long."""
        interval = self._by_entries(op)
        found = derived_lengths(self.facts, self.bounds, op)
        if found:
            interval = interval.capped(min(found.values()))
            self.facts.lengths[op.result] = improved(op.result.type.shape, found, self.facts, interval)
        return interval

    def _by_entries(self, op: TensorOp) -> Interval:
        if isinstance(op, Select):
            return selected(self.facts, self.bounds, op)
        interval = op.interval([self[o] for o in op.operands], self.facts.clients)
        if _is_term(op):
            return self._product(op, interval)
        return self._sum(op, interval) if isinstance(op, st.Sum | st.MatMul) else interval

    def _product(self, op: Op, interval: Interval) -> Interval:
        """Cut by the theorems; squares are not negative."""
        if is_square(op):
            interval = interval.maximum(Interval(0.0, 0.0))
        term = self.facts.terms[op.result]
        return interval.capped(self.bounds.of(term, divisors(term)))

    def _sum(self, op: Op, interval: Interval) -> Interval:
        """Cut by the theorems; sums of squares are not negative, and larger than their true value where sketched."""
        sum_ = self.facts.summation(op.result)
        if sum_ is None:
            return interval
        exact = exact_sum(self.facts, op.result)
        if exact is not None:
            return exact
        if sum_.squares:
            interval = interval.maximum(Interval(0.0, 0.0))
        interval = interval.capped(self.bounds.of_sum(sum_.term, sum_.dims, divisors(sum_.term)))
        if not self.facts.is_sketched(op):
            return interval
        return Interval(interval.lo, interval.hi * excess(self.facts.most(op.result.type.shape), self.facts.norms))
