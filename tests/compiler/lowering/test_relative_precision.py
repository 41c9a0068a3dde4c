"""Idioms of federated learning at every magnitude: relative errors of at most 1e-3, with formats for the round."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from rounds import compiled_for, worst_error
from small_programs import TensorProgram, fltrust, weighted_mean

from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType, resolve

TOLERANCE = 1e-3

MAGNITUDES = (1.0, 1e-3, 1e-5)

LOSSES = np.array([0.5, 2.0, 0.3, 0.2, 4.0])
"""Of the clients: a few are above 1, where idioms draw a line. They do not get smaller with the updates."""

CLIENTS = len(LOSSES)


def total(b: TensorProgram, x: Value, axis: int = 0) -> Value:
    return b.add(st.Sum, x, axes=(axis,))


def mean(b: TensorProgram, x: Value) -> Value:
    return b.add(ew.Div, total(b, x), b.add(st.Clients, dtype=DType.F32))


def column(b: TensorProgram, x: Value) -> Value:
    """One number per client, to go with its row."""
    return b.add(st.Reshape, x, shape=("n", 1))


def square(b: TensorProgram, x: Value) -> Value:
    return b.add(ew.Mul, x, x)


def at_least(b: TensorProgram, x: Value, least: float) -> Value:
    return b.add(ew.Maximum, x, b.constant(least))


def variance_of(b: TensorProgram, x: Value) -> Value:
    return b.add(ew.Sub, mean(b, square(b, x)), square(b, mean(b, x)))


# The idioms: each adds its inputs, and returns its result.


def third_moment(b: TensorProgram) -> Value:
    x = b.clients("x", 3)
    return total(b, b.add(ew.Mul, square(b, x), x))


def product_of_three_scalars(b: TensorProgram) -> Value:
    x, y, z = (b.clients(path) for path in "xyz")
    return total(b, b.add(ew.Mul, b.add(ew.Mul, x, y), z))


def variance_of_a_scalar(b: TensorProgram) -> Value:
    return variance_of(b, b.clients("x"))


def deviation_of_a_vector(b: TensorProgram) -> Value:
    return b.add(ew.Sqrt, at_least(b, variance_of(b, b.clients("x", 4)), 0.0))


def square_of_the_mean(b: TensorProgram) -> Value:
    return square(b, mean(b, b.clients("x")))


def guarded_quotient(b: TensorProgram) -> Value:
    x, y, zero = b.clients("x", 20), b.clients("y", 20), b.constant(0.0)
    return total(b, b.add(ew.Select, b.add(ew.Greater, y, zero), b.add(ew.Div, x, y), zero))


def guarded_direction(b: TensorProgram) -> Value:
    x, zero = b.clients("x", 3), b.constant(0.0)
    norm = column(b, b.norm(x, 1))
    return total(b, b.add(ew.Select, b.add(ew.Greater, norm, zero), b.add(ew.Div, x, norm), zero))


def scaled_by_the_largest(b: TensorProgram) -> Value:
    x = b.clients("x", 5)
    largest = b.add(st.ReduceMax, b.add(ew.Abs, x), axes=(1,))
    return total(b, b.add(ew.Div, x, column(b, at_least(b, largest, 1e-6))))


def weiszfeld(b: TensorProgram, x: Value, middle: Value) -> Value:
    distance = b.norm(b.add(ew.Sub, x, middle), 1)
    weight = b.add(ew.Div, b.constant(1.0), at_least(b, distance, 1e-2))
    return b.add(ew.Div, total(b, b.add(ew.Mul, x, column(b, weight))), total(b, weight))


def weiszfeld_from_a_public_point(b: TensorProgram) -> Value:
    return weiszfeld(b, b.clients("x", 10), b.server("middle", 10))


def weiszfeld_from_the_mean(b: TensorProgram) -> Value:
    x = b.clients("x", 10)
    return weiszfeld(b, x, mean(b, x))


def shares_of_a_whole(b: TensorProgram) -> Value:
    t = b.add(ew.Abs, b.clients("x", 6))
    return total(b, b.add(ew.Div, t, column(b, total(b, t, 1))))


def standardised(b: TensorProgram) -> Value:
    x, each = b.clients("x", 8), b.constant(1 / 8)
    centred = b.add(ew.Sub, x, column(b, b.add(ew.Mul, total(b, x, 1), each)))
    variance = b.add(ew.Mul, total(b, square(b, centred), 1), each)
    return total(b, b.add(ew.Div, centred, column(b, b.add(ew.Sqrt, at_least(b, variance, 1e-12)))))


def product_of_inner_products(b: TensorProgram) -> Value:
    x, y = b.clients("x", 4), b.clients("y", 4)
    return total(b, b.add(ew.Mul, total(b, b.add(ew.Mul, x, y), 1), total(b, square(b, x), 1)))


def kept(b: TensorProgram, x: Value) -> tuple[Value, Value]:
    """The sum of the rows whose loss is below 1, and how many there are."""
    keep = b.add(ew.Cast, b.add(ew.Less, b.clients("loss"), b.constant(1.0)), dtype=DType.F32)
    return total(b, b.add(ew.Mul, x, column(b, keep))), total(b, keep)


def mean_of_selected(b: TensorProgram) -> Value:
    rows, count = kept(b, b.clients("x", 6))
    return b.add(ew.Div, rows, at_least(b, count, 1.0))


def mean_of_selected_or_zero(b: TensorProgram) -> Value:
    return b.add(ew.DivNoNan, *kept(b, b.clients("x", 6)))


IDIOMS = (
    third_moment,
    product_of_three_scalars,
    variance_of_a_scalar,
    deviation_of_a_vector,
    square_of_the_mean,
    guarded_quotient,
    guarded_direction,
    scaled_by_the_largest,
    weiszfeld_from_a_public_point,
    weiszfeld_from_the_mean,
    shares_of_a_whole,
    standardised,
    product_of_inner_products,
    mean_of_selected,
    mean_of_selected_or_zero,
)


def built(idiom: Callable[[TensorProgram], Value]) -> Program:
    b = TensorProgram(idiom.__name__)
    b.returns(idiom(b))
    return b.build()


def error(program: Program, **inputs: np.ndarray) -> float:
    return worst_error(compiled_for(program, inputs), inputs)


def normal(*shape: int, scale: float = 1.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scale, shape)


@pytest.mark.parametrize("magnitude", MAGNITUDES)
@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda f: f.__name__)
def test_idioms_are_precise(idiom: Callable[[TensorProgram], Value], magnitude: float):
    program = built(idiom)
    inputs = {
        op.path: LOSSES if op.path == "loss" else normal(*resolve(op.type.shape, CLIENTS), scale=magnitude, seed=i)
        for i, op in enumerate(program.of(Input))
    }
    assert error(program, **inputs) <= TOLERANCE


@pytest.mark.parametrize("clients", [5, 20])
@pytest.mark.parametrize(
    ("size", "values", "weights"),
    [(3, 1.0, 1.0), (3, 1.0, 1e-5), (200, 1e-3, 100.0), (3, 1e-5, 1e5)],
    ids=["ones", "tiny weights", "small updates", "large weights"],
)
def test_weighted_means_are_precise(clients: int, size: int, values: float, weights: float):
    weight = np.random.default_rng(1).random(clients) * weights
    assert error(weighted_mean(size), value=normal(clients, size, scale=values), weight=weight) <= TOLERANCE


@pytest.mark.parametrize("clients", [5, 20])
@pytest.mark.parametrize(("losses", "weights"), [(0.05, 500.0), (0.005, 500.0), (0.005, 1e-5), (0.05, 1e5)])
def test_weighted_means_of_scalars_are_precise(clients: int, losses: float, weights: float):
    b = TensorProgram("mean_loss")
    loss, weight = b.clients("loss"), b.clients("weight")
    b.returns(b.add(ew.Div, total(b, b.add(ew.Mul, loss, weight)), total(b, weight)))
    weight_values = np.random.default_rng(1).random(clients) * weights
    assert error(b.build(), loss=np.abs(normal(clients, scale=losses)), weight=weight_values) <= TOLERANCE


def test_negative_weights_that_almost_cancel():
    values = np.array([[1, 2, 3], [-3, 4, 7.0]])
    assert error(weighted_mean(3), value=values, weight=np.array([1, -0.99])) <= TOLERANCE


def test_products_of_seven_digit_scalars():
    b = TensorProgram("products")
    b.returns(total(b, b.add(ew.Mul, b.clients("x"), b.clients("y"))))
    assert error(b.build(), x=normal(5, scale=3e5), y=normal(5, scale=3e5, seed=1)) <= TOLERANCE
    x, y, z = (np.random.default_rng(i).uniform(1e5, 9.9e5, 5) for i in range(3))
    assert error(built(product_of_three_scalars), x=x, y=y, z=z) <= TOLERANCE


@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_fltrust(magnitude: float):
    updates, root = normal(6, 50, scale=magnitude), normal(50, scale=magnitude, seed=1)
    assert error(fltrust(50), updates=updates, root=root) <= TOLERANCE
