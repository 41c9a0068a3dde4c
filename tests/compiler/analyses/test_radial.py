"""Functions of one squared norm in pieces: they are what the program computes, of whatever norm."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.radial import Power, Radial, radial
from ezprivsecfl.ir.op import Array, Environment, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.elementwise.comparisons import Greater, GreaterEqual, Less, LessEqual
from ezprivsecfl.ir.types import DType

LIMIT = 1.75
"""The public scalar's value."""

NORMS = np.array([0.0, 1e-12, 0.3, 0.7, 1.0, 1.3, LIMIT, 2.0, 3.9, 4.0, 7.5, 1e3, 1e10]) ** 2
CLIENTS = len(NORMS)

UNARY = (ew.Sqrt, ew.Rsqrt, ew.Reciprocal, ew.Square, ew.Relu, ew.Abs)
BINARY = (ew.Mul, ew.Div, ew.DivNoNan, ew.Maximum, ew.Minimum, ew.Add, ew.Sub)
ORDERS = (Greater, GreaterEqual, Less, LessEqual)


def random_function(seed: int) -> tuple[Program, Value]:
    """A program of operations on a squared norm ``s``, constants and a public number ``limit``."""
    rng, b = np.random.default_rng(seed), TensorProgram("random")
    square = b.clients("s")
    public = [b.server("limit"), b.constant(1.0), b.constant(2.0), b.constant(0.0), b.constant(0.5)]
    numbers, truths = [square, b.add(ew.Sqrt, square)], [b.add(Greater, square, public[1])]

    def any_number() -> Value:
        return public[rng.integers(len(public))] if rng.random() < 0.3 else numbers[rng.integers(len(numbers))]

    for _ in range(12):
        kind = rng.integers(5)
        if kind == 0:
            numbers.append(b.add(UNARY[rng.integers(len(UNARY))], numbers[rng.integers(len(numbers))]))
        elif kind == 1:
            numbers.append(b.add(BINARY[rng.integers(len(BINARY))], numbers[rng.integers(len(numbers))], any_number()))
        elif kind == 2:
            truths.append(b.add(ORDERS[rng.integers(4)], numbers[rng.integers(len(numbers))], any_number()))
        elif kind == 3:
            numbers.append(b.add(ew.Select, truths[rng.integers(len(truths))], numbers[-1], any_number()))
        else:
            one, other = (truths[rng.integers(len(truths))] for _ in range(2))
            truths.append(b.add((ew.And, ew.Or)[rng.integers(2)], b.add(ew.Not, one), other))
            numbers.append(b.add(ew.Cast, truths[-1], dtype=DType.F32))
    b.returns(b.add(st.Sum, numbers[-1], axes=(0,)))
    return b.build(), square


def evaluated(program: Program) -> dict[Value, Array]:
    inputs = {"s": NORMS, "limit": np.asarray(LIMIT)}
    values: dict[Value, Array] = {}
    with np.errstate(all="ignore"):
        for op in program.ops:
            if isinstance(op, Input):
                values[op.result] = inputs[op.path]
            elif not isinstance(op, Output):
                values[op.result] = op.evaluate([values[o] for o in op.operands], Environment(CLIENTS))[0]
    return values


def number(power: Power, norm: float, square: Value) -> float:
    """What it is for one norm."""
    result = power.factor
    for value, exponent in power.exponents.items():
        result *= (norm if value is square else LIMIT) ** float(exponent)
    return result


def at(function: Radial, norm: float, square: Value) -> float:
    """What a function in pieces is for one norm."""
    ends = [0.0, *(number(end, norm, square) for end in function.ends)]
    for end, value in zip(ends, function.at, strict=True):
        if norm == pytest.approx(end, rel=1e-9, abs=0):
            return number(value, norm, square)
    return number(function.between[sum(end < norm for end in ends) - 1], norm, square)


@pytest.mark.parametrize("seed", range(300))
def test_pieces_are_what_is_computed(seed: int):
    program, square = random_function(seed)
    values = evaluated(program)
    for value, function in radial(program, square).items():
        assert all(value.factor >= 0 for value in (*function.at, *function.between))
        for client, norm in enumerate(NORMS):
            expected, found = float(values[value][client]), at(function, norm, square)
            if np.isnan(expected):
                continue  # where TensorFlow's result is no number, nothing is claimed of it
            assert found == pytest.approx(expected, rel=1e-6, abs=1e-300), (value.op.name, norm)


def test_most_functions_are_known():
    """Otherwise the test above would hold of an analysis that finds nothing."""
    found = [len(radial(*random_function(seed))) for seed in range(100)]
    assert np.mean(found) > 8


def clipping(b: TensorProgram, square: Value, way: str) -> Value:
    norm, limit = b.add(ew.Sqrt, square), b.server("limit")
    one = b.constant(1.0)
    match way:
        case "minimum":
            return b.add(ew.Minimum, one, b.add(ew.Div, limit, norm))
        case "maximum":
            return b.add(ew.Reciprocal, b.add(ew.Maximum, one, b.add(ew.Div, norm, limit)))
        case "inverse root":
            return b.add(ew.Minimum, b.add(ew.Mul, b.add(ew.Rsqrt, square), limit), one)
        case "no NaN":
            return b.add(ew.Mul, b.add(ew.DivNoNan, one, b.add(ew.Maximum, norm, limit)), limit)
        case "select":
            return b.add(ew.Select, b.add(Greater, norm, limit), b.add(ew.Div, limit, norm), one)
        case "guarded":
            safe = b.add(ew.Select, b.add(Greater, square, b.constant(0.0)), square, one)
            root = b.add(ew.Select, b.add(Greater, square, b.constant(0.0)), b.add(ew.Sqrt, safe), square)
            return b.add(ew.Mul, b.add(ew.Reciprocal, b.add(ew.Maximum, root, limit)), limit)
    return b.add(ew.Div, b.add(ew.Minimum, norm, limit), norm)


@pytest.mark.parametrize("way", ["minimum", "maximum", "inverse root", "no NaN", "select", "guarded"])
def test_all_ways_to_clip_are_one_function(way: str):
    b = TensorProgram("clipped")
    square = b.clients("s")
    factor = clipping(b, square, way)
    b.returns(b.add(st.Sum, factor, axes=(0,)))
    program = b.build()
    function = radial(program, square)[factor]
    (limit,) = (op.result for op in program.of(Input) if op.path == "limit")
    one = Power(1.0)
    assert [value.same(one) for value in function.at] == [True, True]
    assert [end.same(Power(1.0, {limit: Fraction(2)})) for end in function.ends] == [True]
    assert function.between[0].same(one)
    assert function.between[1].same(Power(1.0, {limit: Fraction(1), square: Fraction(-1, 2)}))


def test_zero_over_zero_is_no_function():
    """min(|x|, c) / |x| is not a number for x = 0."""
    b = TensorProgram("clipped")
    square = b.clients("s")
    factor = clipping(b, square, "quotient")
    b.returns(b.add(st.Sum, factor, axes=(0,)))
    assert factor not in radial(b.build(), square)


@pytest.mark.parametrize(
    ("order", "closed"), [(Greater, True), (GreaterEqual, False), (LessEqual, True), (Less, False)]
)
def test_who_is_as_long_as_the_limit(order: type[Greater], closed: bool):
    b = TensorProgram("longer")
    square, limit = b.clients("s"), b.server("limit")
    longer = b.add(order, b.add(ew.Sqrt, square), limit)
    b.returns(b.add(st.Sum, b.add(ew.Cast, longer, dtype=DType.I32), axes=(0,)))
    function = radial(b.build(), square)[longer]
    assert function.at[1].same(function.between[0]) is closed


def test_constants_of_different_entries_and_signs_are_unknown():
    b = TensorProgram("unknown")
    square = b.clients("s")
    several = b.add(Constant, value=np.array([1.0, 2.0]), dtype=DType.F32)
    wide = b.add(ew.Mul, b.add(st.Reshape, square, shape=("n", 1)), several)
    negative = b.add(ew.Mul, square, b.constant(-1.0))
    b.returns(b.add(st.Sum, wide, axes=(0,)), "wide")
    b.returns(b.add(st.Sum, negative, axes=(0,)), "negative")
    assert not radial(b.build(), square).keys() & {wide, negative}
