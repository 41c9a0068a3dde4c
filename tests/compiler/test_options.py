"""Bounds as users declare them."""

from __future__ import annotations

import math

import pytest

from ezprivsecfl.compiler.options import Bound, Options
from ezprivsecfl.errors import CompileError


@pytest.mark.parametrize(
    ("given", "bound", "text"),
    [
        (16, Bound(16.0), "|x| < 16"),
        ((0, 16), Bound(16.0, 0.0), "0 <= x < 16"),
        ((-2, 16.5), Bound(16.5, -2.0), "-2 <= x < 16.5"),
        ((-16, 16), Bound(16.0), "|x| < 16"),
        (Bound(3.0), Bound(3.0), "|x| < 3"),
    ],
)
def test_numbers_and_pairs(given, bound, text):
    assert Bound.of(given) == bound
    assert str(bound) == text


@pytest.mark.parametrize("given", [0, -1, math.nan, math.inf, 2.0**53 + 2, (-3, 0), (0, math.nan)])
def test_the_highest_must_be_a_positive_number_that_is_exact(given):
    with pytest.raises(CompileError, match="must be positive and at most 2\\^53"):
        Bound.of(given)


@pytest.mark.parametrize("given", [(16, 16), (17, 16), (-17, 16), (math.nan, 16), (-math.inf, 16)])
def test_the_lowest_must_lie_within(given):
    with pytest.raises(CompileError, match="lowest value must be above -16 and below 16"):
        Bound.of(given)


@pytest.mark.parametrize("given", ["wide", (1, "wide"), (1, 2, 3), None])
def test_what_is_no_bound(given):
    with pytest.raises(CompileError, match="a bound is a number or a pair of numbers"):
        Bound.of(given)


def test_there_are_two_scales():
    with pytest.raises(CompileError, match="scale='small': choose from declared, fixed"):
        Options(scale="small")
