"""What is sketched, and that the bounds of sketched norms hold."""

from __future__ import annotations

import math

import pytest
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.norms import FAILURE, Norms
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.tensor.elementwise import Div, Mul, Sqrt
from ezprivsecfl.ir.tensor.structure import Reshape, Sum


def test_the_option():
    assert Norms.parse("exact") == Norms(None)
    assert Norms.parse("sketch:4096") == Norms(4096)
    assert not Norms.parse("sketch:64").are_sketched(64)
    assert Norms.parse("sketch:64").are_sketched(65)
    assert not Norms.parse("exact").are_sketched(10**9)


@pytest.mark.parametrize(
    "kind", ["", "sketch", "sketch:", "sketch:60", "sketch:66", "sketch:-64", "sketch:6.4e1", "ams:64"]
)
def test_bad_options(kind):
    with pytest.raises(CompileError, match=r"expected exact or sketch:K with a number of sums K from 64 on") as error:
        Norms.parse(kind)
    assert str(error.value).startswith(f"--norms {kind}: ")


@pytest.mark.parametrize("sums", [64, 256, 4096, 2**20])
def test_the_excess_covers_what_equal_entries_can_do(sums):
    """m equal entries meet in one sum of one block, with equal signs, with probability (2K/4)^(1-m)."""
    excess = Norms(sums).excess(100)
    likely = [m for m in range(1, 40) if 4 * (sums / 2) ** (1 - m) >= FAILURE / 100]
    assert excess > (max(likely) + 3) / 4
    assert excess < 12


def test_the_excess_covers_what_dense_vectors_do():
    """The estimate of a dense vector is chi-squared with K degrees of freedom over K; its tail is at least this."""
    for sums in (64, 1024):
        x = Norms(sums).excess(1)
        lower_tail = math.exp(-sums / 2 * (x - 1 - math.log(x))) / (10 * sums)
        assert lower_tail < FAILURE
    assert Norms(None).excess(10) == 1.0


def test_more_vectors_and_fewer_sums_need_more_room():
    assert 1 < Norms(4096).excess(1) < Norms(4096).excess(1000) < Norms(1024).excess(1000)


def test_the_error_is_chebyshevs():
    norms = Norms(5000)
    assert norms.deviation() == 0.02
    assert norms.deviation() ** 2 / norms.error() ** 2 == pytest.approx(0.01)
    assert Norms().deviation() == 0


def test_ranges_know_how_wrong_a_norm_can_be():
    b = TensorProgram("unit")
    x = b.clients("x", 1000)
    squares = b.add(Sum, b.add(Mul, x, x), axes=(1,))
    unit = b.add(Div, x, b.add(Reshape, b.add(Sqrt, squares), shape=("n", 1)))
    b.returns(b.add(Sum, unit, axes=(0,)))
    program = DeclareBounds(8, {}).run(b.build())
    found = {}
    for sums in (None, 256, 1000):
        ranges = Ranges(program, Norms(sums))
        (square_sum,) = [op.result for op in program.of(Sum) if op.axes == (1,)]
        (quotient,) = [op.result for op in program.of(Div)]
        found[sums] = ranges[square_sum].hi, ranges[quotient].hi
    assert found[None] == found[1000] == (64_000.0, 1.0)
    assert found[256] == (64_000.0 * Norms(256).excess(8), 2.0)
