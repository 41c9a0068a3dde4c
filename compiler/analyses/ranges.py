"""Range analysis: how large every value of a tensor program can get, from the declared bounds of its inputs.

Every operation has a rule for intervals (``TensorOp.interval``). Products, quotients, roots, sums and selections are
also bounded by theorems that intervals cannot see, each stated where it is applied: ``at_least`` (divisors),
``averages`` (sums), ``guards`` (selections), ``integers``. What no theorem bounds is unbounded.
"""

from __future__ import annotations

import math

from ezprivsecfl.compiler.analyses.bounds import Bounds
from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.guards import selected
from ezprivsecfl.compiler.analyses.integers import integers
from ezprivsecfl.compiler.analyses.norms import Norms
from ezprivsecfl.compiler.analyses.squares import is_square
from ezprivsecfl.ir.interval import Interval, product
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import TensorOp
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.values import tensor_type

EXACT = Norms()

QUOTIENTS = (ew.Div, ew.DivNoNan, ew.Reciprocal, ew.Rsqrt)
"""What circuits compute on normalised numbers, so that the result may be checked where it leaves them."""

PRODUCTS = (ew.Mul, ew.Square, ew.Sqrt, *QUOTIENTS)

WORKING = 2.0**24
RATIO = 2.0**20
"""A quotient that no theorem bounds is given a working range up to here: the larger of ``WORKING`` and ``RATIO`` times
what it is for operands at their bounds."""


class Ranges:
    """Intervals of all values of a tensor program whose inputs carry bounds.

    For a value on arithmetic shares the interval is proved: it follows from the inputs' bounds and from the intervals
    of what leaves circuits. For a value that circuits compute, it is a claim that is checked: a finite number that
    leaves a circuit outside of it ends the round with an error, and is never cut silently.

    Args:
        program: A tensor program; ``max_clients`` and every input's ``bound`` are set.
        norms: How sums of squares are computed.

    Attributes:
        checked: Secret quotients that no theorem bounds, so that their interval is a working range.
    """

    def __init__(self, program: Program, norms: Norms = EXACT) -> None:
        assert program.max_clients is not None
        self.clients = program.max_clients
        self.norms = norms
        self.checked: set[Value] = set()
        self._facts = Facts(program.max_clients, norms, integers(program))
        self._bounds = Bounds(self._facts)
        for op in program.ops:
            assert isinstance(op, TensorOp)
            for result in op.results:
                self._facts.intervals[result] = self._interval(op)

    def __getitem__(self, value: Value) -> Interval:
        return self._facts.intervals[value]

    def _interval(self, op: TensorOp) -> Interval:
        if isinstance(op, ew.Select):
            return selected(self._facts, self._bounds, op)
        interval = op.interval([self[o] for o in op.operands], self.clients)
        if isinstance(op, PRODUCTS):
            interval = self._product(op, interval)
        elif isinstance(op, st.Sum | st.MatMul):
            interval = self._sum(op, interval)
        if isinstance(op, QUOTIENTS) and tensor_type(op.result).is_secret and not interval.is_bounded:
            self.checked.add(op.result)
            return interval.capped(self._working_range(op))
        return interval

    def _product(self, op: Op, interval: Interval) -> Interval:
        """Cut by the theorems; squares are not negative."""
        if is_square(op):
            interval = interval.maximum(Interval(0.0, 0.0))
        return interval.capped(self._bounds.of(self._facts.terms[op.result]))

    def _sum(self, op: Op, interval: Interval) -> Interval:
        """Cut by the theorems; sums of squares are not negative, and larger than their true value where sketched."""
        sum_ = self._facts.summation(op.result)
        if sum_ is None:
            return interval
        if sum_.squares:
            interval = interval.maximum(Interval(0.0, 0.0))
        interval = interval.capped(self._bounds.of_sum(sum_.term, sum_))
        if not self._facts.is_sketched(op):
            return interval
        return Interval(interval.lo, interval.hi * self.norms.excess(self._facts.most(op.result.type.shape)))

    def _working_range(self, op: Op) -> float:
        divisor = self[op.operands[-1]].magnitude
        if isinstance(op, ew.Rsqrt):
            divisor = math.sqrt(divisor)
        numerator = self[op.operands[0]].magnitude if len(op.operands) == 2 else 1.0
        return max(WORKING, product(RATIO, numerator) / divisor if divisor else math.inf)
