"""Degrees: each rule, and what has none. Every claim is tried with numbers that clients multiply their inputs with."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.degrees import Degree, degrees
from ezprivsecfl.ir.op import Environment, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import CLIENTS_DIM, DType

Build = Callable[[TensorProgram, Value, Value], Value]
"""Of x, which clients multiply, and w, which they do not."""

N, K = 4, 3


def row(b: TensorProgram, w: Value) -> Value:
    return b.add(st.Reshape, w, shape=("n", 1))


def matrix(b: TensorProgram, x: Value, *shape: int | str) -> Value:
    return b.add(st.Reshape, x, shape=shape)


def direction(b: TensorProgram, x: Value) -> Value:
    return b.add(ew.Div, x, row(b, b.norm(x, 1)))


def turned(b: TensorProgram, x: Value) -> Value:
    return b.add(st.Transpose, x, permutation=(1, 0))


def two(b: TensorProgram) -> Value:
    return b.constant(2.0)


def zero(b: TensorProgram) -> Value:
    return b.constant(0.0)


HOMOGENEOUS: dict[str, tuple[Build, Degree]] = {
    "input": (lambda b, x, w: x, Fraction(1)),
    "another input": (lambda b, x, w: w, Fraction(0)),
    "what follows from others": (lambda b, x, w: b.add(ew.Exp, b.add(ew.Add, w, two(b))), Fraction(0)),
    "negated": (lambda b, x, w: b.add(ew.Neg, x), Fraction(1)),
    "magnitudes": (lambda b, x, w: b.add(ew.Abs, x), Fraction(1)),
    "positive part": (lambda b, x, w: b.add(ew.Relu, x), Fraction(1)),
    "square": (lambda b, x, w: b.add(ew.Square, x), Fraction(2)),
    "root": (lambda b, x, w: b.add(ew.Sqrt, b.add(ew.Abs, x)), Fraction(1, 2)),
    "inverse root": (lambda b, x, w: b.add(ew.Rsqrt, b.add(ew.Square, x)), Fraction(-1)),
    "inverse": (lambda b, x, w: b.add(ew.Reciprocal, x), Fraction(-1)),
    "sum": (lambda b, x, w: b.add(ew.Add, x, b.add(ew.Neg, x)), Fraction(1)),
    "sum with 0": (lambda b, x, w: b.add(ew.Add, x, zero(b)), Fraction(1)),
    "difference": (lambda b, x, w: b.add(ew.Sub, x, b.add(ew.Mul, x, two(b))), Fraction(1)),
    "product": (lambda b, x, w: b.add(ew.Mul, x, b.add(ew.Square, x)), Fraction(3)),
    "product with others": (lambda b, x, w: b.add(ew.Mul, x, row(b, w)), Fraction(1)),
    "quotient": (lambda b, x, w: b.add(ew.Div, row(b, w), b.add(ew.Square, x)), Fraction(-2)),
    "direction": (lambda b, x, w: direction(b, x), Fraction(0)),
    "function of directions": (lambda b, x, w: b.add(ew.Exp, direction(b, x)), Fraction(0)),
    "largest with 0": (lambda b, x, w: b.add(ew.Maximum, x, zero(b)), Fraction(1)),
    "smallest of two": (lambda b, x, w: b.add(ew.Minimum, x, b.add(ew.Neg, x)), Fraction(1)),
    "signs": (lambda b, x, w: b.add(ew.Sign, b.add(ew.Square, x)), Fraction(0)),
    "comparison with 0": (lambda b, x, w: b.add(ew.Greater, x, zero(b)), Fraction(0)),
    "comparison of both": (lambda b, x, w: b.add(ew.Less, x, b.add(ew.Mul, x, two(b))), Fraction(0)),
    "comparison of others": (lambda b, x, w: b.add(ew.Less, w, two(b)), Fraction(0)),
    "chosen by others": (
        lambda b, x, w: b.add(ew.Select, row(b, b.add(ew.Less, w, two(b))), x, b.add(ew.Neg, x)),
        Fraction(1),
    ),
    "chosen by signs, or 0": (
        lambda b, x, w: b.add(ew.Select, b.add(ew.Greater, x, zero(b)), x, zero(b)),
        Fraction(1),
    ),
    "other floats": (lambda b, x, w: b.add(ew.Cast, x, dtype=DType.F64), Fraction(1)),
    "reshaped and turned": (lambda b, x, w: turned(b, matrix(b, x, "n", K)), Fraction(1)),
    "repeated": (lambda b, x, w: b.add(st.Broadcast, matrix(b, x, "n", 1, K), shape=("n", 2, K)), Fraction(1)),
    "part": (lambda b, x, w: b.add(st.Slice, x, starts=(0, 1), sizes=("n", 1), strides=(1, 1)), Fraction(1)),
    "side by side": (lambda b, x, w: b.add(st.Concat, x, b.add(ew.Neg, x), axis=1), Fraction(1)),
    "sum of entries": (lambda b, x, w: b.add(st.Sum, x, axes=(1,)), Fraction(1)),
    "largest entry": (lambda b, x, w: b.add(st.ReduceMax, x, axes=(1,)), Fraction(1)),
    "smallest entry": (lambda b, x, w: b.add(st.ReduceMin, x, axes=(1,)), Fraction(1)),
    "sum of directions over clients": (lambda b, x, w: b.add(st.Sum, direction(b, x), axes=(0,)), Fraction(0)),
    "inner products": (
        lambda b, x, w: b.add(st.MatMul, matrix(b, x, "n", 1, K), matrix(b, x, "n", K, 1)),
        Fraction(2),
    ),
    "outer products in a client": (
        lambda b, x, w: b.add(st.MatMul, matrix(b, x, "n", K, 1), matrix(b, x, "n", 1, K)),
        Fraction(2),
    ),
    "product with the server's": (lambda b, x, w: b.add(st.MatMul, x, b.server("s", K, 2)), Fraction(1)),
    "rows over their norms, added up": (
        lambda b, x, w: b.add(st.MatMul, matrix(b, b.add(ew.Reciprocal, b.norm(x, 1)), 1, "n"), x),
        Fraction(0),
    ),
    "smaller of directions of two clients": (
        lambda b, x, w: b.add(ew.Minimum, matrix(b, direction(b, x), "n", 1, K), matrix(b, direction(b, x), 1, "n", K)),
        Fraction(0),
    ),
}  # fmt: skip

UNKNOWN: dict[str, Build] = {
    "mixed degrees added": lambda b, x, w: b.add(ew.Add, x, b.add(ew.Square, x)),
    "added to others": lambda b, x, w: b.add(ew.Add, x, row(b, w)),
    "a constant subtracted": lambda b, x, w: b.add(ew.Sub, x, two(b)),
    "largest with a constant": lambda b, x, w: b.add(ew.Maximum, x, two(b)),
    "smallest with another": lambda b, x, w: b.add(ew.Minimum, x, row(b, w)),
    "comparison with a constant": lambda b, x, w: b.add(ew.Greater, x, two(b)),
    "comparison of mixed degrees": lambda b, x, w: b.add(ew.Less, x, b.add(ew.Square, x)),
    "chosen by size": lambda b, x, w: b.add(ew.Select, b.add(ew.Less, x, two(b)), x, b.add(ew.Neg, x)),
    "chosen, or a constant": lambda b, x, w: b.add(ew.Select, row(b, b.add(ew.Less, w, two(b))), x, two(b)),
    "side by side with others": lambda b, x, w: b.add(st.Concat, x, row(b, w), axis=1),
    "function": lambda b, x, w: b.add(ew.Exp, x),
    "rounded": lambda b, x, w: b.add(ew.Floor, x),
    "made an integer": lambda b, x, w: b.add(ew.Cast, x, dtype=DType.I32),
    "made a truth value": lambda b, x, w: b.add(ew.Cast, x, dtype=DType.BOOL),
    "quotient that is 0 for 0": lambda b, x, w: b.add(ew.DivNoNan, x, row(b, b.norm(x, 1))),
    "sum over clients": lambda b, x, w: b.add(st.Sum, x, axes=(0,)),
    "largest of clients": lambda b, x, w: b.add(st.ReduceMax, x, axes=(0,)),
    "sum of everything": lambda b, x, w: b.add(st.Sum, x, axes=(0, 1)),
    "weighted sum over clients": lambda b, x, w: b.add(st.MatMul, matrix(b, w, 1, "n"), x),
    "sum over clients of squares": lambda b, x, w: b.add(st.MatMul, turned(b, x), x),
    "two clients added": lambda b, x, w: b.add(ew.Add, matrix(b, x, "n", 1, K), matrix(b, x, 1, "n", K)),
    "two clients multiplied": lambda b, x, w: b.add(ew.Mul, matrix(b, x, "n", 1, K), matrix(b, x, 1, "n", K)),
    "one client over another": lambda b, x, w: b.add(ew.Div, matrix(b, x, "n", 1, K), matrix(b, x, 1, "n", K)),
    "compared with another client": lambda b, x, w: b.add(ew.Less, matrix(b, x, "n", 1, K), matrix(b, x, 1, "n", K)),
    "outer products of clients": lambda b, x, w: b.add(st.MatMul, x, turned(b, x)),
    "repeated for other clients": lambda b, x, w: b.add(st.Broadcast, matrix(b, x, 1, "n", K), shape=("n", "n", K)),
    "something unknown, times 0": lambda b, x, w: b.add(ew.Mul, b.add(ew.Exp, x), zero(b)),
}  # fmt: skip


def program(build: Build) -> tuple[Program, Value]:
    """The program, without a result, and the value."""
    b = TensorProgram("degrees")
    value = build(b, b.clients("x", K), b.clients("w"))
    return b.build(), value


def found(one: Program) -> dict[Value, Degree]:
    return degrees(one, {op.result: Fraction(1) for op in one.of(Input) if op.path == "x"})


def evaluated(one: Program, inputs: dict[str, np.ndarray]) -> dict[Value, np.ndarray]:
    values: dict[Value, np.ndarray] = {}
    for op in one.ops:
        args = [values[o] for o in op.operands]
        with np.errstate(all="ignore"):
            results = (inputs[op.path],) if isinstance(op, Input) else op.evaluate(args, Environment(N))
        values |= dict(zip(op.results, results, strict=True))
    return values


def hold(one: Program) -> None:
    """Of every value, and for numbers close to 1 as well as for very different ones."""
    rng, claimed = np.random.default_rng(0), found(one)
    for spread in (0.1, 5.0):
        inputs = {
            op.path: rng.normal(0, 2, tuple(N if d == "n" else int(d) for d in op.type.shape)) for op in one.of(Input)
        }
        numbers = np.exp(rng.normal(0, spread, N))
        before, after = evaluated(one, inputs), evaluated(one, inputs | {"x": inputs["x"] * numbers[:, None]})
        for value, degree in claimed.items():
            if degree is None:
                continue
            factors = numbers ** float(degree)
            if CLIENTS_DIM in value.type.shape and degree:
                behind = len(value.type.shape) - 1 - value.type.shape.index(CLIENTS_DIM)
                factors = factors.reshape((N,) + (1,) * behind)
            elif degree == 0:
                factors = np.asarray(1.0)
            np.testing.assert_allclose(after[value].astype(float), before[value] * factors, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("name", HOMOGENEOUS)
def test_degrees_are_found(name: str):
    build, degree = HOMOGENEOUS[name]
    one, value = program(build)
    assert found(one)[value] == degree
    hold(one)


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_has_no_degree(name: str):
    one, value = program(UNKNOWN[name])
    assert found(one)[value] is None
    hold(one)


def test_inputs_may_be_multiplied_with_powers():
    b = TensorProgram("powers")
    x, y = b.clients("x", K), b.clients("y", K)
    product = b.add(ew.Mul, x, y)
    assert degrees(b.build(), {x: Fraction(1), y: Fraction(-1)})[product] == 0
    assert degrees(b.build(), {x: Fraction(1), y: Fraction(3)})[product] == 4
