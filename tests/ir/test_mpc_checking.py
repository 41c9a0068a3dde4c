"""The checking evaluation of the mpc level finds every place where a format cuts a value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.mpc import MpcOp, boolean, io, linear, protocol, shares, sketch, structure
from ezprivsecfl.ir.mpc.base import LocalOp
from ezprivsecfl.ir.mpc.checking import check_mpc
from ezprivsecfl.ir.mpc.fixed_point import encode
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.types import ArithType

Uses = Callable[[ProgramBuilder, Value], None]


def program(uses: Uses, frac: int = 10) -> Program:
    """Does something with a shared input ``x`` of two entries for each client."""
    b = ProgramBuilder("checked", Level.MPC, 9)
    uses(b, b.add(io.Share, path="x", bound=8.0, type=ArithType(("n", 2), frac)))
    return b.build()


def check(uses: Uses, x: list[list[float]], frac: int = 10) -> Findings:
    findings = Findings()
    value = np.array(x)
    check_mpc(program(uses, frac), {"x": encode(value, frac)}, len(value), findings)
    return findings


def opens(b: ProgramBuilder, x: Value) -> None:
    b.append(io.Output(operands=(b.add(protocol.Open, x),), path="result"))


INTO_CIRCUITS = {
    "to_yao": lambda b, x: b.add(protocol.ToYao, x, width=13),
    "to_boolean": lambda b, x: b.add(boolean.ToBoolean, x, width=13),
}


@pytest.mark.parametrize("kind", INTO_CIRCUITS)
@pytest.mark.parametrize(("entry", "cut"), [(7.999, False), (-4.0, False), (8.0, True), (-4.002, True)])
def test_a_value_that_enters_a_circuit_must_fit_its_width(kind, entry, cut):
    findings = check(INTO_CIRCUITS[kind], [[1.0, entry], [0.0, 0.0]])
    assert [v.op.name for v in findings.violations] == [kind] * cut
    if cut:
        assert findings.violations[0].entries == 1
        assert findings.violations[0].found == round(entry * 2**10)


@pytest.mark.parametrize(("entry", "cut"), [(0.99, False), (-1.0, False), (1.0, True), (7.0, True)])
def test_a_truncated_value_must_be_below_the_engines_limit(entry, cut):
    findings = check(lambda b, x: b.add(protocol.Truncate, b.add(linear.Widen, x, bits=52), bits=30), [[entry, 0.0]])
    assert [v.op.name for v in findings.violations] == ["truncate"] * cut


@pytest.mark.parametrize(
    ("entry", "cut"),
    [(0.999, []), (1 - 2.0**-16, ["open"]), (1.0, ["open", "output"]), (2.0, ["open", "output"])],
)
def test_an_opened_value_must_not_wrap_around(entry, cut):
    """2.0 wraps around to exactly zero: the ring element alone does not show it."""
    findings = check(lambda b, x: opens(b, b.add(linear.Widen, x, bits=43)), [[entry, 0.0]], frac=20)
    assert [v.op.name for v in findings.violations] == cut


def test_values_may_wrap_around_where_their_magnitude_does_not_count():
    def uses(b: ProgramBuilder, x: Value) -> None:
        wide = b.add(linear.Widen, x, bits=52)
        opens(b, b.add(linear.Sub, b.add(linear.Add, wide, x_wide(b, x)), wide))

    def x_wide(b: ProgramBuilder, x: Value) -> Value:
        return b.add(linear.Sub, b.add(linear.Widen, x, bits=52), b.add(linear.Widen, x, bits=52))

    assert not check(uses, [[7.0, -7.0]]).violations


PRODUCTS = {
    "product": lambda b, x: b.add(protocol.Product, *(b.add(protocol.Mask, v) for v in both(b, x))),
    "gemm": lambda b, x: b.add(shares.Gemm, *both(b, x)),
    "square_sum": lambda b, x: b.add(protocol.SquareSum, b.add(protocol.Mask, x)),
    "square_sum_of_shares": lambda b, x: b.add(shares.SquareSumOfShares, x),
    "mul_public": lambda b, x: b.add(linear.MulPublic, x, large(b, ())),
    "matmul_public": lambda b, x: b.add(linear.MatMulPublic, x, large(b, (2, 1))),
    "sum": lambda b, x: b.add(structure.Sum, b.add(linear.Widen, x, bits=29), axes=(0, 1)),
}


def both(b: ProgramBuilder, x: Value) -> tuple[Value, Value]:
    return b.add(structure.Transpose, x, permutation=(1, 0)), x


def large(b: ProgramBuilder, shape: tuple[int, ...]) -> Value:
    return b.add(io.Constant, value=np.full(shape, 2**30, np.uint64), frac=30)


@pytest.mark.parametrize("kind", PRODUCTS)
@pytest.mark.parametrize(("entry", "cut"), [(0.5, False), (7.0, True)])
def test_products_and_sums_are_followed_beyond_the_ring(kind, entry, cut):
    """With 31 fractional bits the squares of 7 are above 2^62, those of 1/2 are not."""
    findings = check(lambda b, x: opens(b, PRODUCTS[kind](b, x)), [[entry, entry], [entry, entry]], frac=31)
    assert any(v.op.name == "open" for v in findings.violations) == cut


@pytest.mark.parametrize(("entry", "cut"), [(2.0**-4, False), (7.0, True)])
def test_rows_that_are_sketched_must_not_wrap_around(entry, cut):
    def uses(b: ProgramBuilder, x: Value) -> None:
        b.add(sketch.Sketch, b.add(linear.Widen, x, bits=50), b.add(sketch.Coins), sums=4)

    findings = check(uses, [[entry, entry]])
    assert [v.op.name for v in findings.violations] == ["sketch"] * cut


def test_everything_is_counted():
    findings = check(lambda b, x: opens(b, b.add(structure.Sum, x, axes=(0,))), [[1.0, 2.0], [3.0, 4.0]])
    assert (findings.operations, findings.elements) == (3, 4 + 2 + 2)


def test_the_number_that_a_result_stands_for_is_demanded():
    with pytest.raises(TypeError, match="Twice must say which number its result stands for: a method exact"):

        class Twice(LocalOp, name="twice"):
            pass

    assert "twice" not in MpcOp.REGISTRY
