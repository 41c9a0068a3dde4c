"""Rounding of quotients: what is looked at, and how often."""

from __future__ import annotations

from small_programs import TensorProgram

from ezprivsecfl.compiler.passes.quotients import RoundQuotients
from ezprivsecfl.ir.tensor.elementwise import Floor, Maximum, Mul, Sqrt


def clipped_many_times(*, rounded: bool) -> TensorProgram:
    """Sixty products and maxima, each of the one before with itself: looked at along all ways, they take forever."""
    b = TensorProgram("clipped")
    x = b.clients("x", 4)
    x = b.add(Sqrt, x) if rounded else x
    for _ in range(30):
        x = b.add(Maximum, b.add(Mul, x, x), x)
    b.returns(b.total(b.add(Floor, x)))
    return b


def test_every_value_is_looked_at_once():
    program = clipped_many_times(rounded=False).build()
    assert str(RoundQuotients().run(program)) == str(program)


def test_what_is_rounded_is_found_behind_many_others():
    program = clipped_many_times(rounded=True).build()
    assert len(RoundQuotients().run(program).of(Mul)) == len(program.of(Mul)) + 2  # a little more, and a little less
