"""What is known of the values of a program while its ranges are computed, in order."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ezprivsecfl.compiler.analyses.norms import SHORTEST, is_sketched, takes_sketch
from ezprivsecfl.compiler.analyses.squares import is_square
from ezprivsecfl.compiler.analyses.sums import Summation, summation
from ezprivsecfl.compiler.analyses.terms import Term, Terms
from ezprivsecfl.compiler.options import Norms
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, Dim, resolve

Axes = frozenset[int]
"""Some axes of a value, counted from the last one, -1."""


@dataclass
class Facts:
    """The intervals found so far, and what else theorems start from.

    Args:
        clients: The largest number of clients.
        norms: How sums of squares are computed.
        integers: The values that consist of integers.
        intervals: What each value lies in; the analysis adds one after the other.
        terms: Values as products.
        parts: For divisors, what they are at least (see ``at_least``).
        below: For divisors, the values that theorems may relate them to.
        lengths: How long values are along some of their axes (see ``lengths``), where more is known than how large each
            entry is.
    """

    clients: int
    norms: Norms
    integers: set[Value]
    intervals: dict[Value, Interval] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)
    parts: dict[Value, list[Term]] = field(default_factory=dict)
    below: dict[Value, frozenset[Value]] = field(default_factory=dict)
    lengths: dict[Value, dict[Axes, float]] = field(default_factory=dict)
    _sums: dict[Value, Summation | None] = field(default_factory=dict)

    def most(self, dims: tuple[Dim, ...]) -> int:
        """The product of sizes for the largest number of clients."""
        return math.prod(resolve(dims, self.clients))

    def summation(self, value: Value) -> Summation | None:
        """The value as a sum, if it is one."""
        if value not in self._sums:
            self._sums[value] = summation(value.op, self.terms)
        return self._sums[value]

    def adds_up(self, value: Value) -> Summation | None:
        """The value as a sum, if it is one of summands that are not negative."""
        found, op = self.summation(value), value.op
        if found is None or found.squares or all(self.intervals[o].lo >= 0 for o in op.operands):
            return found
        return None

    def is_sketched(self, op: Op) -> bool:
        """Whether an operation is a sum of squares that is estimated (or will become one)."""
        if isinstance(op, st.Sum):
            squared = op.operands[0]
            count = math.prod(int(d) for d in self._dims(op) if d != CLIENTS_DIM)
            return tensor_type(squared).is_secret and is_square(squared.op) and takes_sketch(count, self.norms)
        return is_sketched(op, self.norms)

    def shortness(self, value: Value) -> float:
        """How many times too small a sum may be, as it is computed."""
        return SHORTEST if self.is_sketched(value.op) else 1.0

    @staticmethod
    def _dims(op: st.Sum) -> tuple[Dim, ...]:
        return tuple(op.operands[0].type.shape[a] for a in op.axes)
