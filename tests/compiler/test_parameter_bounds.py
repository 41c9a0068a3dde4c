"""Bounds as users declare them, and which of them applies to a parameter."""

from __future__ import annotations

import math

import pytest
from small_programs import TensorProgram

from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input


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


def test_of_the_api():
    assert ParameterBounds.of({"a/b": 2, "": (0, 3)}) == ParameterBounds({"a/b": Bound(2.0), "": Bound(3.0, 0.0)})
    with pytest.raises(CompileError, match=r"bounds\['a'\]: the lowest value must be above -1 and below 1, not -2"):
        ParameterBounds.of({"a": (-2, 1)})


@pytest.fixture
def model() -> Program:
    """Parameters ``model/kernel``, ``model/bias/scale``, ``models`` of clients, ``rate`` of the server."""
    b = TensorProgram("model")
    for path in ("model/kernel", "model/bias/scale", "models"):
        b.clients(path)
    b.server("rate")
    return b.build()


@pytest.mark.parametrize(
    ("declared", "applies"),
    [
        ({}, {}),
        ({"model": 1}, {"model/kernel": 1, "model/bias/scale": 1}),  # no parameter that just begins like that
        ({"model": 1, "model/bias": 2}, {"model/kernel": 1, "model/bias/scale": 2}),
        ({"model/bias": 2, "model": 1}, {"model/kernel": 1, "model/bias/scale": 2}),
        ({"": 3, "models": 1}, {"model/kernel": 3, "model/bias/scale": 3, "models": 1}),  # not of the server
        ({"rate": 5, "": 3}, {"model/kernel": 3, "model/bias/scale": 3, "models": 3, "rate": 5}),
        ({"model/": 1, "kernel": 1}, {}),
    ],
)
def test_which_bound_applies(model, declared, applies):
    bounds = ParameterBounds.of(declared)
    found = {op.path: bounds.of_input(op) for op in model.of(Input)}
    assert {path: bound.highest for path, bound in found.items() if bound} == applies


def test_bounds_that_fit(model):
    bounds = ParameterBounds.of({"": 1, "model": 2, "model/bias": 3, "mode": 4, "weights": 5})
    assert list(bounds.fitting(model).by_key) == ["", "model", "model/bias"]
    assert bounds.unused([model]) == ["mode", "weights"]
    other = TensorProgram("other")
    other.clients("weights")
    assert bounds.unused([model, other.build()]) == ["mode"]
    assert bounds.unused([]) == ["", "mode", "model", "model/bias", "weights"]
