"""What truncated products lose is told for what depends on it, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from small_programs import TensorProgram

from ezprivsecfl.compiler.compiled import Lost
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType


def lost(build: Callable[[TensorProgram, Value], Value]) -> Lost:
    b = TensorProgram("program")
    b.returns(b.add(st.Sum, build(b, b.clients("x", 40)), axes=(0,)))
    return compile_program(b.build(), Options(clients=20, bounds=ParameterBounds.of({"x": 8.0}))).lost


def cube(b: TensorProgram, x: Value) -> Value:
    return b.add(ew.Mul, b.add(ew.Mul, x, x), x)


def sixth(b: TensorProgram, x: Value) -> Value:
    return b.add(ew.Mul, cube(b, x), cube(b, x))


def largest(b: TensorProgram, x: Value) -> Value:
    """Of each client."""
    return b.add(st.ReduceMax, x, axes=(1,))


def is_finite(b: TensorProgram, x: Value) -> Value:
    return b.add(ew.Cast, b.add(ew.Equal, b.add(ew.Sub, x, x), b.constant(0.0)), dtype=DType.I32)


SMALL = {
    "none": lambda b, x: b.add(ew.Cast, b.add(ew.Equal, sixth(b, x), b.constant(0.0)), dtype=DType.I32),
    "sign": lambda b, x: b.add(ew.Sign, cube(b, x)),
    "positive": lambda b, x: b.add(ew.Cast, b.add(ew.Greater, cube(b, x), b.constant(0.0)), dtype=DType.I32),
    "any": lambda b, x: b.add(ew.Cast, b.add(ew.Cast, cube(b, x), dtype=DType.BOOL), dtype=DType.I32),
    "quotient": lambda b, x: b.add(ew.DivNoNan, b.constant(1.0), b.add(st.Sum, sixth(b, x), axes=(1,))),
    "largest": lambda b, x: b.add(ew.DivNoNan, b.constant(1.0), largest(b, sixth(b, x))),
    "root": lambda b, x: b.add(ew.DivNoNan, b.constant(1.0), b.add(ew.Sqrt, b.add(ew.Relu, sixth(b, x)))),
}

FINE = {
    "whether they are finite": lambda b, x: is_finite(b, sixth(b, x)),
    "whether their sum is finite": lambda b, x: is_finite(b, b.add(st.Sum, sixth(b, x), axes=(1,))),
    "the input": lambda b, x: b.add(ew.Sign, x),
    "squares": lambda b, x: b.add(ew.Ceil, b.add(ew.Mul, x, x)),
    "norms": lambda b, x: b.add(ew.DivNoNan, b.constant(1.0), b.add(st.Sum, b.add(ew.Mul, x, x), axes=(1,))),
    "cubes of entries in their class": lambda b, x: b.add(ew.DivNoNan, b.constant(1.0), cube(b, x)),
    "another threshold": lambda b, x: b.add(ew.Cast, b.add(ew.Greater, cube(b, x), b.constant(1.0)), dtype=DType.I32),
}


@pytest.mark.parametrize("name", SMALL)
def test_what_depends_on_small_products(name: str):
    assert lost(SMALL[name]).small, name
    assert all(place > 0 for place in lost(SMALL[name]).small.values())


@pytest.mark.parametrize("name", FINE)
def test_what_does_not(name: str):
    assert not lost(FINE[name]).small


def test_of_results():
    assert not lost(lambda b, x: b.add(ew.Mul, x, x)).results
    assert lost(lambda b, x: b.add(ew.Minimum, cube(b, x), b.constant(0.5))).results


def test_quotients_are_as_coarse_as_what_is_divided():
    """Squared counts that reach 2^40 have no room for those of a client that has few examples."""
    b = TensorProgram("squares")
    x, w = b.add(ew.Relu, b.clients("x", 4)), b.clients("w")
    shares = b.add(ew.Div, x, b.add(st.Sum, x, axes=(0,)))
    weights = b.add(st.Reshape, b.add(ew.Mul, w, w), shape=("n", 1))
    b.returns(b.add(st.Sum, b.add(ew.Mul, shares, weights), axes=(0,)))
    found = compile_program(
        b.build(), Options(clients=20, bounds=ParameterBounds.of({"x": 0.5, "w": 2.0**20}))
    ).lost.results
    assert all(place > 64 for place in found.values())
    assert found
