"""What follows for stacked vectors, one in each row, from a norm that every client proves, and near misses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from normed_programs import BOUND, LONG, SHORT, Build, K, N, hold, program, row, square, squares
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType


def stacked(b: TensorProgram, path: str = "x") -> Value:
    return b.add(st.Stack, row(b, path), clients=N)


def turned(b: TensorProgram, x: Value) -> Value:
    return b.add(st.Transpose, x, permutation=(1, 0))


def gram(b: TensorProgram, x: Value, y: Value | None = None) -> Value:
    return b.add(st.MatMul, x, turned(b, x if y is None else y))


def unit(b: TensorProgram, x: Value, axis: int, kind: type[ew.Elementwise] = ew.Div) -> Value:
    size = b.norm(x, axis)
    shape = tuple(1 if i == axis else d for i, d in enumerate(x.type.shape))
    return b.add(kind, x, b.add(st.Reshape, size, shape=shape))


def public(b: TensorProgram, value: object) -> Value:
    return b.add(Constant, value=np.asarray(value, dtype=np.float64), dtype=DType.F32)


def products_of_rows(b: TensorProgram) -> Value:
    return gram(b, stacked(b))


def products_of_long_and_short_rows(b: TensorProgram) -> Value:
    return gram(b, stacked(b), stacked(b, "short/y"))


def second_moments_of_rows(b: TensorProgram) -> Value:
    """Over the rows, of which there are N."""
    x = stacked(b)
    return b.add(st.MatMul, turned(b, x), x)


def squares_of_everything_stacked(b: TensorProgram) -> Value:
    return squares(b, stacked(b), 0, 1)


def squares_of_some_rows(b: TensorProgram) -> Value:
    x = b.add(st.Slice, stacked(b), starts=(1, 0), sizes=(2, K), strides=(2, 1))
    return squares(b, x, 0, 1)


def products_of_scaled_rows(b: TensorProgram) -> Value:
    x = stacked(b)
    return gram(b, b.add(ew.Mul, x, public(b, np.arange(1.0, N + 1)[:, np.newaxis])), x)


def products_of_some_coordinates(b: TensorProgram) -> Value:
    return gram(b, b.add(ew.Mul, stacked(b), public(b, np.arange(K) % 2)))


def products_of_gathered_coordinates(b: TensorProgram) -> Value:
    """As a product with a public matrix, every coordinate once: no vector gets longer."""
    return gram(b, b.add(st.MatMul, stacked(b), public(b, np.eye(K)[:, [7, 0, 4]])))


def products_of_coordinates_gathered_twice(b: TensorProgram) -> Value:
    return gram(b, b.add(st.MatMul, stacked(b), public(b, np.eye(K)[:, [7, 0, 7]])))


def products_of_taken_coordinates(b: TensorProgram) -> Value:
    return gram(b, b.add(st.Take, stacked(b), axis=1, positions=np.array([7, 0, 4])))


def products_of_coordinates_taken_twice(b: TensorProgram) -> Value:
    return gram(b, b.add(st.Take, stacked(b), axis=1, positions=np.array([7, 0, 7, 7])))


def products_of_rows_taken_twice(b: TensorProgram) -> Value:
    return gram(b, b.add(st.Take, stacked(b), axis=0, positions=np.array([1, 0, 1])))


def products_of_two_parts(b: TensorProgram) -> Value:
    x = stacked(b)
    parts = [b.add(st.Slice, x, starts=(0, i), sizes=(N, 3), strides=(1, 1)) for i in (0, 6)]
    return gram(b, b.add(st.Concat, *parts, axis=1))


def products_of_rows_of_two_stacks(b: TensorProgram) -> Value:
    return gram(b, b.add(st.Concat, stacked(b), stacked(b, "short/y"), axis=0))


def differences(b: TensorProgram) -> Value:
    x = stacked(b)
    one, other = (b.add(st.Reshape, x, shape=shape) for shape in ((N, 1, K), (1, N, K)))
    return squares(b, b.add(ew.Sub, one, other), 2)


def products_of_centred_rows(b: TensorProgram) -> Value:
    x = stacked(b)
    mean = b.add(ew.Mul, b.add(st.Sum, x, axes=(0,)), b.constant(1 / N))
    return gram(b, b.add(ew.Sub, x, mean))


def products_of_rows_times_a_centring_matrix(b: TensorProgram) -> Value:
    return gram(b, b.add(st.MatMul, public(b, np.eye(N) - 1 / N), stacked(b)))


def square_of_a_convex_combination(b: TensorProgram) -> Value:
    w = b.add(st.Stack, b.clients("positive/w", 1), clients=N)
    w = b.add(ew.Div, w, b.add(st.Sum, w, axes=(0,)))
    return gram(b, b.add(st.MatMul, turned(b, w), stacked(b)))


def square_of_a_combination_with_signs(b: TensorProgram) -> Value:
    w = unit(b, b.add(st.Stack, b.clients("w", 1), clients=N), 0)
    return gram(b, b.add(st.MatMul, turned(b, w), stacked(b)))


def cosines_of_rows(b: TensorProgram) -> Value:
    return gram(b, unit(b, stacked(b), 1))


def cosines_of_clients_own_directions(b: TensorProgram) -> Value:
    return gram(b, b.add(st.Stack, unit(b, row(b), 1), clients=N))


def cosines_without_nan(b: TensorProgram) -> Value:
    return gram(b, unit(b, stacked(b), 1, ew.DivNoNan))


def products_of_clamped_rows(b: TensorProgram) -> Value:
    low, high = b.constant(-20.0), b.constant(20.0)
    return gram(b, b.add(ew.Maximum, b.add(ew.Minimum, stacked(b), high), low))


def a_step_of_power_iteration(b: TensorProgram) -> Value:
    """|G·v| <= |G|·|v| entry by entry, with rows of G as long as √n numbers up to N²."""
    products = products_of_rows(b)
    return b.add(st.MatMul, products, unit(b, b.add(st.MatMul, products, public(b, np.ones((N, 1)))), 0))


def a_direction(b: TensorProgram) -> Value:
    products, v = products_of_rows(b), public(b, np.ones((N, 1)))
    for _ in range(3):
        v = unit(b, b.add(st.MatMul, products, v), 0)
    return b.add(st.Sum, square(b, v), axes=(0, 1))


def cosines_of_columns(b: TensorProgram) -> Value:
    """Columns at length 1 have rows of up to √K."""
    return gram(b, unit(b, stacked(b), 0))


def products_of_shifted_windows(b: TensorProgram) -> Value:
    """Of the entries one after another, rows that begin in the middle of one client's have parts of two clients'."""
    flat = b.add(st.Reshape, stacked(b), shape=(N * K,))
    middle = b.add(st.Slice, flat, starts=(K // 2,), sizes=((N - 1) * K,), strides=(1,))
    return gram(b, b.add(st.Reshape, middle, shape=(N - 1, K)))


def products_of_mixed_rows(b: TensorProgram) -> Value:
    """One condition for each entry."""
    x, y = stacked(b), stacked(b, "z")
    return gram(b, b.add(ew.Select, b.add(ew.Greater, b.add(ew.Abs, x), b.add(ew.Abs, y)), x, y))


def products_of_chosen_rows(b: TensorProgram) -> Value:
    x, y = stacked(b), stacked(b, "z")
    first = b.add(st.Slice, x, starts=(0, 0), sizes=(N, 1), strides=(1, 1))
    return gram(b, b.add(ew.Select, b.add(ew.Greater, first, b.constant(0.0)), x, y))


def products_of_raised_rows(b: TensorProgram) -> Value:
    """max(x, c) for c > 0 is longer than x."""
    return gram(b, b.add(ew.Maximum, stacked(b), b.constant(20.0)))


def mean_of_weights_without_a_total(b: TensorProgram) -> Value:
    w = b.add(ew.Mul, b.add(st.Stack, b.clients("positive/w", 1), clients=N), b.constant(1 / BOUND))
    return gram(b, b.add(st.MatMul, turned(b, w), stacked(b)))


EXACTLY = [
    (products_of_rows, LONG**2),
    (products_of_long_and_short_rows, LONG * SHORT),
    (second_moments_of_rows, N * LONG**2),
    (squares_of_everything_stacked, N * LONG**2),
    (squares_of_some_rows, 2 * LONG**2),
    (products_of_scaled_rows, N * LONG**2),
    (products_of_some_coordinates, LONG**2),
    (products_of_gathered_coordinates, LONG**2),
    (products_of_coordinates_gathered_twice, 2 * LONG**2),
    (products_of_taken_coordinates, LONG**2),
    (products_of_coordinates_taken_twice, 3 * LONG**2),
    (products_of_rows_taken_twice, LONG**2),
    (products_of_two_parts, 2 * LONG**2),
    (products_of_rows_of_two_stacks, LONG**2),
    (differences, (2 * LONG) ** 2),
    (products_of_centred_rows, (2 * LONG) ** 2),
    (products_of_rows_times_a_centring_matrix, LONG**2 * min(N, (2 - 2 / N) ** 2)),
    (square_of_a_convex_combination, LONG**2),
    (square_of_a_combination_with_signs, N * LONG**2),
    (cosines_of_rows, 1.0),
    (cosines_of_clients_own_directions, 1.0),
    (cosines_without_nan, 1.0),
    (products_of_clamped_rows, LONG**2),
    (a_step_of_power_iteration, math.sqrt(N) * LONG**2),
    (a_direction, 1.0),
    (products_of_chosen_rows, LONG**2),
]

AT_LEAST = [
    (cosines_of_columns, K),
    (products_of_shifted_windows, 2 * LONG**2),
    (products_of_mixed_rows, 2 * LONG**2),
    (products_of_raised_rows, (20.0**2) * K),
    (mean_of_weights_without_a_total, (N * LONG) ** 2),
]


@pytest.mark.parametrize(("build", "bound"), EXACTLY, ids=lambda x: getattr(x, "__name__", ""))
def test_what_norms_bound_of_stacks(build: Build, bound: float):
    before, value = program(build)
    assert Ranges(before)[value].magnitude == pytest.approx(bound)
    hold(before)


@pytest.mark.parametrize(("build", "bound"), AT_LEAST, ids=lambda x: getattr(x, "__name__", ""))
def test_what_they_do_not_bound_of_stacks(build: Build, bound: float):
    before, value = program(build)
    assert Ranges(before)[value].magnitude >= bound * (1 - 1e-12)
    hold(before)
