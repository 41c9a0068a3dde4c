"""Which comparisons a condition implies."""

from __future__ import annotations

import pytest
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.bounds import Bounds
from ezprivsecfl.compiler.analyses.guards import PARTS, guards_of
from ezprivsecfl.compiler.analyses.positions import Positions
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.analyses.terms import Term
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import Slice, Sum


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


def test_a_condition_on_all_entries_is_not_taken_apart_entry_by_entry():
    """The tree of halves of all(x < y): one part for every entry."""
    b = TensorProgram("all")
    x, y = b.clients("x", 1 << 20), b.clients("y", 1 << 20)
    part = b.add(ew.Less, x, y)
    for level in reversed(range(20)):
        size = 1 << level
        halves = [b.add(Slice, part, starts=(0, at), sizes=("n", size), strides=(1, 1)) for at in (0, size)]
        part = b.add(ew.And, *halves)
    guards = list(guards_of(part, True, Positions.identity(1)))
    assert 0 < len(guards) <= PARTS


def test_many_guards_of_one_term_take_no_exponential_time(monkeypatch: pytest.MonkeyPatch):
    """Each can be used or not: there are 2^40 bounds."""
    asked = []
    bound_of = Bounds.of

    def counted(self: Bounds, term: Term, *args: object) -> float:
        asked.append(term)
        return bound_of(self, term, *args)

    monkeypatch.setattr(Bounds, "of", counted)
    b = TensorProgram("many")
    x, y = b.add(ew.Square, b.clients("x", 3)), b.add(ew.Square, b.clients("y", 3))
    condition = b.add(ew.Less, x, y)
    for i in range(40):
        scaled = b.add(ew.Mul, y, b.constant(1.0 + i / 64))
        condition = b.add(ew.And, condition, b.add(ew.Less, x, scaled))
    chosen = b.add(ew.Select, condition, b.add(ew.Div, x, y), b.add(ew.Mul, x, b.constant(0.0)))
    b.returns(b.add(Sum, chosen, axes=(0,)))
    program = DeclareBounds(4, ParameterBounds()).run(b.build())
    (select,) = program.of(ew.Select)
    assert Ranges(program)[select.result].hi <= 1.0
    assert 40 < len(asked) < 1000


def test_a_comparison_of_one_entry_bounds_no_other():
    """Where the first entry is below 1, the second may be anything."""
    b = TensorProgram("first")
    x = b.clients("x", 2)
    first = b.add(Slice, x, starts=(0, 0), sizes=("n", 1), strides=(1, 1))
    condition = b.add(ew.Less, first, b.constant(1.0))
    b.returns(b.add(Sum, b.add(ew.Select, condition, first, b.add(ew.Mul, first, b.constant(0.0))), axes=(0,)), "same")
    b.returns(b.add(Sum, b.add(ew.Select, condition, x, b.add(ew.Mul, x, b.constant(0.0))), axes=(0,)), "all")
    program = DeclareBounds(4, ParameterBounds()).run(b.build())
    same, every = program.of(ew.Select)
    ranges = Ranges(program)
    assert ranges[same.result].hi == 1.0
    assert ranges[every.result].hi == 8.0
