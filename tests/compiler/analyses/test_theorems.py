"""Each theorem where it applies, and near misses where it must not: other axes, positions, signs, guards.

Every program is also evaluated at inputs that would show a false claim.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from claimed_ranges import check_ranges
from sketches import Sketch

from ezprivsecfl.compiler.analyses.ranges import WORKING, Ranges
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.passes.base import run_passes
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.compiler.pipeline import tensor_passes
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType

Build = Callable[[Sketch], Value]

N, K = 4, 3
"""Clients and entries per row."""


def square(b: Sketch, x: Value) -> Value:
    return b.add(ew.Mul, x, x)


def norms(b: Sketch, x: Value, axis: int, *shape: int | str) -> Value:
    """Norms over an axis, with a shape to divide by."""
    return b.add(st.Reshape, b.norm(x, axis), shape=shape)


def matrix(b: Sketch) -> Value:
    return b.clients("x", K, K)


def rows(b: Sketch) -> Value:
    return b.clients("x", K)


def by_row_norms(b: Sketch) -> Value:
    x = matrix(b)
    return b.add(ew.Div, x, norms(b, x, 2, "n", K, 1))


def by_whole_norms(b: Sketch) -> Value:
    x = matrix(b)
    flat = b.add(st.Reshape, x, shape=("n", K * K))
    return b.add(ew.Div, x, norms(b, flat, 1, "n", 1, 1))


def by_column_norms(b: Sketch) -> Value:
    x = matrix(b)
    return b.add(ew.Div, x, norms(b, x, 1, "n", 1, K))


def by_norms_of_other_rows(b: Sketch) -> Value:
    x = matrix(b)
    return b.add(ew.Div, x, norms(b, x, 2, "n", 1, K))


def by_norms_of_transposed(b: Sketch) -> Value:
    x = matrix(b)
    turned = b.add(st.Transpose, x, permutation=(0, 2, 1))
    return b.add(ew.Div, x, norms(b, turned, 2, "n", K, 1))


def transposed_by_its_norms(b: Sketch) -> Value:
    turned = b.add(st.Transpose, matrix(b), permutation=(0, 2, 1))
    return b.add(ew.Div, turned, norms(b, turned, 2, "n", K, 1))


def by_norms_over_clients(b: Sketch) -> Value:
    x = rows(b)
    return b.add(ew.Div, x, norms(b, x, 0, 1, K))


def by_norm_of_another(b: Sketch) -> Value:
    return b.add(ew.Div, rows(b), norms(b, b.clients("y", K), 1, "n", 1))


def by_norm_of_a_part(b: Sketch) -> Value:
    x = rows(b)
    part = b.add(st.Slice, x, starts=(0, 0), sizes=("n", K - 1), strides=(1, 1))
    return b.add(ew.Div, x, norms(b, part, 1, "n", 1))


def part_by_the_whole_norm(b: Sketch) -> Value:
    x = rows(b)
    part = b.add(st.Slice, x, starts=(0, 1), sizes=("n", 2), strides=(1, 1))
    return b.add(ew.Div, part, norms(b, x, 1, "n", 1))


def by_norm_and_constant(b: Sketch) -> Value:
    x = rows(b)
    return b.add(ew.Div, x, b.add(ew.Add, norms(b, x, 1, "n", 1), b.constant(1e-6)))


def by_norm_and_signed(b: Sketch) -> Value:
    x = rows(b)
    return b.add(ew.Div, x, b.add(ew.Add, norms(b, x, 1, "n", 1), b.clients("y", 1)))


def by_norm_and_positive(b: Sketch) -> Value:
    x = rows(b)
    return b.add(ew.Div, x, b.add(ew.Add, norms(b, x, 1, "n", 1), b.clients("y", 1, lowest=0.0)))


def by_enlarged_norm(b: Sketch) -> Value:
    x = rows(b)
    return b.add(ew.Div, x, b.add(ew.Maximum, norms(b, x, 1, "n", 1), b.constant(1e-6)))


def by_largest_of_two(b: Sketch) -> Value:
    """max(x, 1e-6) is not at least |x|."""
    x = rows(b)
    return b.add(ew.Div, x, b.add(ew.Maximum, x, b.constant(1e-6)))


def by_sum_of_squares_of_two_layers(b: Sketch) -> Value:
    x, y = rows(b), b.clients("y", K)
    total = b.add(ew.Add, *(b.add(st.Sum, square(b, v), axes=(1,)) for v in (x, y)))
    return b.add(ew.Div, y, b.add(st.Reshape, b.add(ew.Sqrt, total), shape=("n", 1)))


def by_product_of_two(b: Sketch) -> Value:
    """x / Σ x·y: the sum is no sum of squares."""
    x, y = rows(b), b.clients("y", K)
    total = b.add(st.Sum, b.add(ew.Mul, x, y), axes=(1,))
    return b.add(ew.Div, x, b.add(st.Reshape, b.add(ew.Sqrt, total), shape=("n", 1)))


def by_negated_square(b: Sketch) -> Value:
    x = rows(b)
    total = b.add(st.Sum, b.add(ew.Mul, x, b.add(ew.Neg, x)), axes=(1,))
    return b.add(ew.Div, x, b.add(st.Reshape, b.add(ew.Abs, b.add(ew.Add, total, b.clients("z"))), shape=("n", 1)))


def share(b: Sketch) -> Value:
    t = b.clients("t", K, lowest=0.0)
    return b.add(ew.Div, t, b.add(st.Reshape, b.add(st.Sum, t, axes=(1,)), shape=("n", 1)))


def share_of_signed(b: Sketch) -> Value:
    t = b.clients("t", K)
    return b.add(ew.Div, t, b.add(st.Reshape, b.add(st.Sum, t, axes=(1,)), shape=("n", 1)))


def share_of_other_clients(b: Sketch) -> Value:
    t = b.clients("t", K, lowest=0.0)
    return b.add(ew.Div, t, b.add(st.Reshape, b.add(st.Sum, t, axes=(0,)), shape=(1, K)))


def share_broadcast_wrongly(b: Sketch) -> Value:
    t = b.clients("t", K, K, lowest=0.0)
    return b.add(ew.Div, t, b.add(st.Reshape, b.add(st.Sum, t, axes=(2,)), shape=("n", 1, K)))


def share_reversed(b: Sketch) -> Value:
    """Rows of t divided by the sums of other rows of t."""
    t = b.clients("t", K, K, lowest=0.0)
    turned = b.add(st.Transpose, t, permutation=(0, 2, 1))
    return b.add(ew.Div, t, b.add(st.Reshape, b.add(st.Sum, turned, axes=(2,)), shape=("n", K, 1)))


def share_by_count(b: Sketch) -> Value:
    """t / Σ_i (s_i / n_i) where t is s, and n_i may be 0: no summand then."""
    s, n = b.clients("t", K, lowest=0.0), b.clients("n", K, lowest=0.0)
    total = b.add(st.Sum, b.add(ew.DivNoNan, s, n), axes=(1,))
    return b.add(ew.Div, s, b.add(st.Reshape, total, shape=("n", 1)))


def share_of_quotients(b: Sketch) -> Value:
    q = b.add(ew.DivNoNan, b.clients("t", K, lowest=0.0), b.clients("n", K, lowest=0.0))
    return b.add(ew.Div, q, b.add(st.Reshape, b.add(st.Sum, q, axes=(1,)), shape=("n", 1)))


AT_MOST_ONE = [
    by_row_norms, by_whole_norms, by_column_norms, transposed_by_its_norms, by_norms_over_clients,
    part_by_the_whole_norm, by_norm_and_constant, by_norm_and_positive, by_enlarged_norm,
    by_sum_of_squares_of_two_layers, share, share_of_other_clients, share_of_quotients,
]  # fmt: skip
UNBOUNDED = [
    by_norms_of_other_rows, by_norms_of_transposed, by_norm_of_another, by_norm_of_a_part, by_norm_and_signed,
    by_product_of_two, by_negated_square, share_of_signed, share_broadcast_wrongly, share_reversed, share_by_count,
]  # fmt: skip


def program(build: Build) -> tuple[Program, Value]:
    b = Sketch(build.__name__)
    value = build(b)
    clients = [a for a, d in enumerate(value.type.shape) if d == "n"]
    b.returns(b.add(st.Sum, value, axes=tuple(clients)) if clients else value)
    bounded = DeclareBounds(N, {}).run(b.build())
    (output,) = bounded.of(Output)
    return bounded, output.operands[0].op.operands[0] if clients else output.operands[0]


def optimised(before: Program) -> Program:
    return run_passes(before, tensor_passes(Options(clients=N)))


def adversarial(before: Program, seed: int) -> dict[str, np.ndarray]:
    """Inputs within bounds: tiny, large, mixed magnitudes, zeros and single entries that are not zero."""
    rng = np.random.default_rng(seed)
    inputs = {}
    for op in before.of(Input):
        shape = tuple(N if d == "n" else int(d) for d in op.type.shape)
        bound, lowest = op.bound or 1.0, op.lowest
        array = rng.choice([1e-9, 1e-4, 0.1, 1.0], shape) * rng.uniform(-1, 1, shape) * bound
        array = np.where(rng.random(shape) < rng.choice([0.0, 0.3, 0.8]), 0.0, array)
        array = np.where(rng.random(shape) < 0.2, rng.choice([-bound, bound], shape), array)
        array = array if lowest is None else np.maximum(np.abs(array), lowest)
        if op.type.dtype is DType.BOOL:
            array = rng.random(shape) < 0.5
        inputs[op.path] = np.rint(array).astype(np.int64) if op.type.dtype.is_integer else array
    return inputs


def hold(before: Program, rounds: int = 40) -> None:
    """Neither the program nor what the passes make of it leaves its ranges."""
    for each in (before, optimised(before)):
        ranges = Ranges(each)
        for seed in range(rounds):
            check_ranges(each, adversarial(before, seed), N, ranges)


@pytest.mark.parametrize("build", AT_MOST_ONE, ids=lambda f: f.__name__)
def test_quotients_by_something_larger(build: Build):
    before, value = program(build)
    assert Ranges(before)[value].magnitude == pytest.approx(1.0)
    assert value not in Ranges(before).checked
    hold(before)


@pytest.mark.parametrize("build", UNBOUNDED, ids=lambda f: f.__name__)
def test_quotients_by_something_else(build: Build):
    before, value = program(build)
    ranges = Ranges(before)
    assert value in ranges.checked
    assert ranges[value].magnitude >= WORKING
    hold(before)


def test_the_larger_of_a_number_and_a_constant_bounds_only_by_the_constant():
    before, value = program(by_largest_of_two)
    assert Ranges(before)[value].magnitude == pytest.approx(8e6)
    hold(before)
