"""Which comparisons a condition implies."""

from __future__ import annotations

from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.guards import guards_of
from ezprivsecfl.compiler.analyses.positions import Positions
from ezprivsecfl.ir.tensor import elementwise as ew


def test_shared_parts_are_looked_at_once():
    """TensorFlow's tests for finite values join each with what was joined before: there are 2^60 ways through this."""
    b = TensorProgram("shared")
    x, y = b.clients("x", 3), b.clients("y", 3)
    condition = b.add(ew.Less, x, y)
    for _ in range(60):
        condition = b.add(ew.And, condition, condition)
    (guard,) = guards_of(condition, True, Positions.identity(3))
    assert (guard.small, guard.large) == (x, y)
    assert not list(guards_of(condition, False, Positions.identity(3)))
