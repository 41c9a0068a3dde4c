"""What is sketched, and that the bounds of sketched norms hold."""

from __future__ import annotations

import math

import pytest
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.norms import FAILURE, deviation, excess, largest_error, takes_sketch
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.options import Norms
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.ir.tensor.elementwise import Div, Mul, Sqrt
from ezprivsecfl.ir.tensor.structure import Reshape, Sum


def test_longer_vectors_than_there_are_sums_are_sketched():
    assert not takes_sketch(64, Norms(64))
    assert takes_sketch(65, Norms(64))
    assert not takes_sketch(10**9, Norms())


@pytest.mark.parametrize("sums", [64, 256, 4096, 2**20])
def test_the_excess_covers_what_equal_entries_can_do(sums):
    """m equal entries meet in one sum of one block, with equal signs, with probability (2K/4)^(1-m)."""
    most = excess(100, Norms(sums))
    likely = [m for m in range(1, 40) if 4 * (sums / 2) ** (1 - m) >= FAILURE / 100]
    assert most > (max(likely) + 3) / 4
    assert most < 12


def test_the_excess_covers_what_dense_vectors_do():
    """The estimate of a dense vector is chi-squared with K degrees of freedom over K; its tail is at least this."""
    for sums in (64, 1024):
        x = excess(1, Norms(sums))
        lower_tail = math.exp(-sums / 2 * (x - 1 - math.log(x))) / (10 * sums)
        assert lower_tail < FAILURE
    assert excess(10, Norms()) == 1.0


def test_more_vectors_and_fewer_sums_need_more_room():
    assert 1 < excess(1, Norms(4096)) < excess(1000, Norms(4096)) < excess(1000, Norms(1024))


def test_the_error_is_chebyshevs():
    assert deviation(Norms(5000)) == 0.02
    assert 0.02**2 / largest_error(Norms(5000)) ** 2 == pytest.approx(0.01)
    assert deviation(Norms()) == 0


def test_ranges_know_how_wrong_a_norm_can_be():
    b = TensorProgram("unit")
    x = b.clients("x", 1000)
    squares = b.add(Sum, b.add(Mul, x, x), axes=(1,))
    unit = b.add(Div, x, b.add(Reshape, b.add(Sqrt, squares), shape=("n", 1)))
    b.returns(b.add(Sum, unit, axes=(0,)))
    program = DeclareBounds(8, ParameterBounds()).run(b.build())
    found = {}
    for sums in (None, 256, 1000):
        ranges = Ranges(program, Norms(sums))
        (square_sum,) = [op.result for op in program.of(Sum) if op.axes == (1,)]
        (quotient,) = [op.result for op in program.of(Div)]
        found[sums] = ranges[square_sum].hi, ranges[quotient].hi
    assert found[None] == found[1000] == (64_000.0, 1.0)
    assert found[256] == (64_000.0 * excess(8, Norms(256)), 2.0)
