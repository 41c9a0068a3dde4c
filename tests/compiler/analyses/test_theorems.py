"""Each theorem where it applies, and near misses where it must not: other axes, positions, signs, guards.

Every program is also evaluated at inputs that would show a false claim.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from claimed_ranges import check_ranges
from shared_images import as_clients_share
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.ranges import LEAST, RATIO, Ranges
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.compiler.pipeline import tensor_passes
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType

Build = Callable[[TensorProgram], Value]

N, K = 4, 3
"""Clients and entries per row."""


def square(b: TensorProgram, x: Value) -> Value:
    return b.add(ew.Mul, x, x)


def norms(b: TensorProgram, x: Value, axis: int, *shape: int | str) -> Value:
    """Norms over an axis, with a shape to divide by."""
    return b.add(st.Reshape, b.norm(x, axis), shape=shape)


def matrix(b: TensorProgram) -> Value:
    return b.clients("x", K, K)


def rows(b: TensorProgram) -> Value:
    return b.clients("x", K)


def by_row_norms(b: TensorProgram) -> Value:
    x = matrix(b)
    return b.add(ew.Div, x, norms(b, x, 2, "n", K, 1))


def by_whole_norms(b: TensorProgram) -> Value:
    x = matrix(b)
    flat = b.add(st.Reshape, x, shape=("n", K * K))
    return b.add(ew.Div, x, norms(b, flat, 1, "n", 1, 1))


def by_column_norms(b: TensorProgram) -> Value:
    x = matrix(b)
    return b.add(ew.Div, x, norms(b, x, 1, "n", 1, K))


def by_norms_of_other_rows(b: TensorProgram) -> Value:
    x = matrix(b)
    return b.add(ew.Div, x, norms(b, x, 2, "n", 1, K))


def by_norms_of_transposed(b: TensorProgram) -> Value:
    x = matrix(b)
    turned = b.add(st.Transpose, x, permutation=(0, 2, 1))
    return b.add(ew.Div, x, norms(b, turned, 2, "n", K, 1))


def transposed_by_its_norms(b: TensorProgram) -> Value:
    turned = b.add(st.Transpose, matrix(b), permutation=(0, 2, 1))
    return b.add(ew.Div, turned, norms(b, turned, 2, "n", K, 1))


def by_norms_over_clients(b: TensorProgram) -> Value:
    x = rows(b)
    return b.add(ew.Div, x, norms(b, x, 0, 1, K))


def by_norm_of_another(b: TensorProgram) -> Value:
    return b.add(ew.Div, rows(b), norms(b, b.clients("y", K), 1, "n", 1))


def by_norm_of_a_part(b: TensorProgram) -> Value:
    x = rows(b)
    part = b.add(st.Slice, x, starts=(0, 0), sizes=("n", K - 1), strides=(1, 1))
    return b.add(ew.Div, x, norms(b, part, 1, "n", 1))


def part_by_the_whole_norm(b: TensorProgram) -> Value:
    x = rows(b)
    part = b.add(st.Slice, x, starts=(0, 1), sizes=("n", 2), strides=(1, 1))
    return b.add(ew.Div, part, norms(b, x, 1, "n", 1))


def by_norm_and_constant(b: TensorProgram) -> Value:
    x = rows(b)
    return b.add(ew.Div, x, b.add(ew.Add, norms(b, x, 1, "n", 1), b.constant(1e-6)))


def by_norm_and_signed(b: TensorProgram) -> Value:
    x = rows(b)
    return b.add(ew.Div, x, b.add(ew.Add, norms(b, x, 1, "n", 1), b.clients("y", 1)))


def by_norm_and_positive(b: TensorProgram) -> Value:
    x = rows(b)
    return b.add(ew.Div, x, b.add(ew.Add, norms(b, x, 1, "n", 1), b.clients("positive/y", 1)))


def by_enlarged_norm(b: TensorProgram) -> Value:
    x = rows(b)
    return b.add(ew.Div, x, b.add(ew.Maximum, norms(b, x, 1, "n", 1), b.constant(1e-6)))


def by_largest_of_two(b: TensorProgram) -> Value:
    """max(x, 1e-6) is not at least |x|."""
    x = rows(b)
    return b.add(ew.Div, x, b.add(ew.Maximum, x, b.constant(1e-6)))


def by_sum_of_squares_of_two_layers(b: TensorProgram) -> Value:
    x, y = rows(b), b.clients("y", K)
    total = b.add(ew.Add, *(b.add(st.Sum, square(b, v), axes=(1,)) for v in (x, y)))
    return b.add(ew.Div, y, b.add(st.Reshape, b.add(ew.Sqrt, total), shape=("n", 1)))


def by_product_of_two(b: TensorProgram) -> Value:
    """x / Σ x·y: the sum is no sum of squares."""
    x, y = rows(b), b.clients("y", K)
    total = b.add(st.Sum, b.add(ew.Mul, x, y), axes=(1,))
    return b.add(ew.Div, x, b.add(st.Reshape, b.add(ew.Sqrt, total), shape=("n", 1)))


def by_negated_square(b: TensorProgram) -> Value:
    x = rows(b)
    total = b.add(st.Sum, b.add(ew.Mul, x, b.add(ew.Neg, x)), axes=(1,))
    return b.add(ew.Div, x, b.add(st.Reshape, b.add(ew.Abs, b.add(ew.Add, total, b.clients("z"))), shape=("n", 1)))


def share(b: TensorProgram) -> Value:
    t = b.clients("positive/t", K)
    return b.add(ew.Div, t, b.add(st.Reshape, b.add(st.Sum, t, axes=(1,)), shape=("n", 1)))


def share_of_signed(b: TensorProgram) -> Value:
    t = b.clients("t", K)
    return b.add(ew.Div, t, b.add(st.Reshape, b.add(st.Sum, t, axes=(1,)), shape=("n", 1)))


def share_of_other_clients(b: TensorProgram) -> Value:
    t = b.clients("positive/t", K)
    return b.add(ew.Div, t, b.add(st.Reshape, b.add(st.Sum, t, axes=(0,)), shape=(1, K)))


def share_broadcast_wrongly(b: TensorProgram) -> Value:
    t = b.clients("positive/t", K, K)
    return b.add(ew.Div, t, b.add(st.Reshape, b.add(st.Sum, t, axes=(2,)), shape=("n", 1, K)))


def share_reversed(b: TensorProgram) -> Value:
    """Rows of t divided by the sums of other rows of t."""
    t = b.clients("positive/t", K, K)
    turned = b.add(st.Transpose, t, permutation=(0, 2, 1))
    return b.add(ew.Div, t, b.add(st.Reshape, b.add(st.Sum, turned, axes=(2,)), shape=("n", K, 1)))


def share_by_count(b: TensorProgram) -> Value:
    """t / Σ_i (s_i / n_i) where t is s, and n_i may be 0: no summand then."""
    s, n = b.clients("positive/t", K), b.clients("positive/n", K)
    total = b.add(st.Sum, b.add(ew.DivNoNan, s, n), axes=(1,))
    return b.add(ew.Div, s, b.add(st.Reshape, total, shape=("n", 1)))


def share_of_quotients(b: TensorProgram) -> Value:
    q = b.add(ew.DivNoNan, b.clients("positive/t", K), b.clients("positive/n", K))
    return b.add(ew.Div, q, b.add(st.Reshape, b.add(st.Sum, q, axes=(1,)), shape=("n", 1)))


def average(b: TensorProgram, weights: Value, x: Value, total: Value) -> Value:
    weighted = b.add(ew.Mul, x, b.add(st.Reshape, weights, shape=("n", 1)))
    return b.add(ew.Div, b.add(st.Sum, weighted, axes=(0,)), total)


def weighted_mean(b: TensorProgram) -> Value:
    w = b.clients("positive/w")
    return average(b, w, rows(b), b.add(st.Sum, w, axes=(0,)))


def weighted_mean_by_a_larger_total(b: TensorProgram) -> Value:
    w = b.clients("positive/w")
    total = b.add(ew.Maximum, b.add(ew.Add, b.add(st.Sum, w, axes=(0,)), b.constant(1e-9)), b.constant(1e-6))
    return average(b, w, rows(b), total)


def weighted_mean_of_masked_weights(b: TensorProgram) -> Value:
    w, keep = b.clients("positive/w"), b.add(ew.Cast, b.clients("keep", dtype=DType.BOOL), dtype=DType.F32)
    w = b.add(ew.Mul, w, keep)
    return average(b, w, rows(b), b.add(st.Sum, w, axes=(0,)))


def weighted_mean_by_distance(b: TensorProgram) -> Value:
    """A step of Weiszfeld's iteration."""
    x = rows(b)
    w = b.add(ew.Reciprocal, b.add(ew.Maximum, b.constant(1e-3), b.norm(b.add(ew.Sub, x, b.server("mid", K)), 1)))
    return average(b, w, x, b.add(st.Sum, w, axes=(0,)))


def matrix_weighted_mean(b: TensorProgram) -> Value:
    """Weights along a row of each client, in a matrix product."""
    w, x = b.clients("positive/w", 2, K), matrix(b)
    w = b.add(ew.Div, w, b.add(st.Reshape, b.add(st.Sum, w, axes=(2,)), shape=("n", 2, 1)))
    return b.add(st.MatMul, w, x)


def plain_mean(b: TensorProgram) -> Value:
    return b.add(ew.Div, b.add(st.Sum, rows(b), axes=(0,)), b.add(st.Clients, dtype=DType.F32))


def signed_mean(b: TensorProgram) -> Value:
    w = b.clients("signed/w")
    return average(b, w, rows(b), b.add(st.Sum, w, axes=(0,)))


def mean_by_another_total(b: TensorProgram) -> Value:
    return average(b, b.clients("positive/w"), rows(b), b.add(st.Sum, b.clients("positive/v"), axes=(0,)))


def mean_by_a_smaller_total(b: TensorProgram) -> Value:
    w = b.clients("positive/w")
    total = b.add(st.Sum, w, axes=(0,))
    return average(b, w, rows(b), b.add(ew.Minimum, total, b.constant(1.0)))


def mean_by_a_signed_rest(b: TensorProgram) -> Value:
    w = b.clients("positive/w")
    total = b.add(ew.Add, b.add(st.Sum, w, axes=(0,)), b.add(st.Sum, b.clients("signed/v"), axes=(0,)))
    return average(b, w, rows(b), total)


def mean_with_one_weight_for_all(b: TensorProgram) -> Value:
    """Σ w_0·x_ij / Σ w: a weight that counts more than once."""
    w, x = b.clients("positive/w", K), matrix(b)
    first = b.add(st.Slice, w, starts=(0, 0), sizes=("n", 1), strides=(1, 1))
    total = b.add(st.Reshape, b.add(st.Sum, w, axes=(1,)), shape=("n", 1))
    weighted = b.add(ew.Mul, x, b.add(st.Reshape, first, shape=("n", 1, 1)))
    return b.add(ew.Div, b.add(st.Sum, weighted, axes=(2,)), total)


def matrix_weighted_over_the_other_axis(b: TensorProgram) -> Value:
    w, x = b.clients("positive/w", K, K), matrix(b)
    w = b.add(ew.Div, w, b.add(st.Reshape, b.add(st.Sum, w, axes=(1,)), shape=("n", 1, K)))
    return b.add(st.MatMul, w, x)


AVERAGES = [
    weighted_mean, weighted_mean_by_a_larger_total, weighted_mean_of_masked_weights, weighted_mean_by_distance,
    matrix_weighted_mean, plain_mean,
]  # fmt: skip
NO_AVERAGES = [
    signed_mean, mean_by_another_total, mean_by_a_smaller_total, mean_by_a_signed_rest, mean_with_one_weight_for_all,
    matrix_weighted_over_the_other_axis,
]  # fmt: skip


def unit(b: TensorProgram, x: Value, axis: int, *shape: int | str) -> Value:
    return b.add(ew.Div, x, norms(b, x, axis, *shape))


def cosines(b: TensorProgram) -> Value:
    x, y = rows(b), b.clients("y", K)
    dot = b.add(st.Sum, b.add(ew.Mul, x, y), axes=(1,))
    return b.add(ew.Div, dot, b.add(ew.Mul, b.norm(x, 1), b.norm(y, 1)))


def row_cosines(b: TensorProgram) -> Value:
    x = unit(b, matrix(b), 2, "n", K, 1)
    return b.add(st.MatMul, x, b.add(st.Transpose, x, permutation=(0, 2, 1)))


def second_moment_of_unit_rows(b: TensorProgram) -> Value:
    """Contracted over the rows, whose number it can reach."""
    x = unit(b, matrix(b), 2, "n", K, 1)
    return b.add(st.MatMul, b.add(st.Transpose, x, permutation=(0, 2, 1)), x)


def second_moment_over_clients(b: TensorProgram) -> Value:
    x = unit(b, rows(b), 1, "n", 1)
    return b.add(st.MatMul, b.add(st.Transpose, x, permutation=(1, 0)), x)


def cosine_with_norms_of_others(b: TensorProgram) -> Value:
    x, y = rows(b), b.clients("y", K)
    dot = b.add(st.Sum, b.add(ew.Mul, x, y), axes=(1,))
    return b.add(ew.Div, dot, b.add(ew.Mul, b.norm(x, 1), b.norm(x, 1)))


def cosines_with_the_server(b: TensorProgram) -> Value:
    x, y = unit(b, rows(b), 1, "n", 1), b.server("y", K)
    return b.add(st.MatMul, x, b.add(st.Reshape, unit(b, y, 0, 1), shape=(K, 1)))


CAUCHY_SCHWARZ = [(cosines, 1.0), (row_cosines, 1.0), (cosines_with_the_server, 1.0)]
NO_CAUCHY_SCHWARZ = [
    (second_moment_of_unit_rows, K),
    (second_moment_over_clients, N),
    (cosine_with_norms_of_others, LEAST * RATIO),
]


def guarded(b: TensorProgram, kind: type[ew.Compare], x: Value, y: Value, quotient: Value, other: float = 0.0) -> Value:
    return b.add(ew.Select, b.add(kind, x, y), quotient, b.constant(other))


def above_a_constant(b: TensorProgram) -> Value:
    x, y = rows(b), b.clients("y", K)
    return guarded(b, ew.Greater, y, b.constant(0.5), b.add(ew.Div, x, y))


def below_the_divisor(b: TensorProgram) -> Value:
    x, y = b.clients("positive/x", K), b.clients("y", K)
    scaled = b.add(ew.Mul, b.add(ew.Div, x, y), b.constant(16.0))
    return guarded(b, ew.LessEqual, x, y, scaled)


def above_a_constant_or_the_other(b: TensorProgram) -> Value:
    """The guard holds in the branch for false: not (y < 0.5 or x < y)."""
    x, y = rows(b), b.clients("y", K)
    refused = b.add(ew.Or, b.add(ew.Less, y, b.constant(0.5)), b.add(ew.Less, x, y))
    return b.add(ew.Select, refused, b.constant(0.0), b.add(ew.Div, x, y))


def safe_divisor(b: TensorProgram) -> Value:
    """x / where(y > 0.5, y, 1), the other way to write it."""
    x, y = rows(b), b.clients("y", K)
    return b.add(ew.Div, x, guarded(b, ew.Greater, y, b.constant(0.5), y, 0.5))


def clipped_by_a_positive_limit(b: TensorProgram) -> Value:
    x, limit = rows(b), b.server("positive/limit")
    norm = b.norm(x, 1)
    scale = b.add(ew.Select, b.add(ew.Greater, norm, limit), b.add(ew.Div, limit, norm), b.constant(1.0))
    return b.add(ew.Mul, b.add(st.Reshape, scale, shape=("n", 1)), b.constant(16.0))


def above_zero(b: TensorProgram) -> Value:
    x, y = rows(b), b.clients("y", K)
    return guarded(b, ew.Greater, y, b.constant(0.0), b.add(ew.Div, x, y))


def norm_above_zero(b: TensorProgram) -> Value:
    """where(|x| > 0, y / |x|, 0)."""
    x, y = rows(b), b.clients("y", K)
    n = norms(b, x, 1, "n", 1)
    return guarded(b, ew.Greater, n, b.constant(0.0), b.add(ew.Div, y, n))


def signed_below_the_divisor(b: TensorProgram) -> Value:
    x, y = rows(b), b.clients("y", K)
    return guarded(b, ew.Less, x, y, b.add(ew.Div, x, y), 1.0)


def above_for_false(b: TensorProgram) -> Value:
    x, y = rows(b), b.clients("y", K)
    return b.add(ew.Select, b.add(ew.Greater, y, b.constant(0.5)), b.constant(0.0), b.add(ew.Div, x, y))


def another_above(b: TensorProgram) -> Value:
    x, y, z = rows(b), b.clients("y", K), b.clients("z", K)
    return guarded(b, ew.Greater, z, b.constant(0.5), b.add(ew.Div, x, y))


def other_entries_above(b: TensorProgram) -> Value:
    x, y = matrix(b), b.clients("y", K, K)
    turned = b.add(st.Transpose, y, permutation=(0, 2, 1))
    return guarded(b, ew.Greater, turned, b.constant(0.5), b.add(ew.Div, x, y))


def one_of_two_above(b: TensorProgram) -> Value:
    x, y, z = rows(b), b.clients("y", K), b.clients("z", K)
    either = b.add(ew.Or, b.add(ew.Greater, y, b.constant(0.5)), b.add(ew.Greater, z, b.constant(0.5)))
    return b.add(ew.Select, either, b.add(ew.Div, x, y), b.constant(0.0))


def clipped_by_a_signed_limit(b: TensorProgram) -> Value:
    x, limit = rows(b), b.server("signed/limit", 1)
    norm = norms(b, x, 1, "n", 1)
    return b.add(ew.Select, b.add(ew.Greater, norm, limit), b.add(ew.Div, limit, norm), b.constant(1.0))


GUARDED = [
    above_a_constant, below_the_divisor, above_a_constant_or_the_other, safe_divisor, clipped_by_a_positive_limit,
]  # fmt: skip
NOT_GUARDED = [
    above_zero, norm_above_zero, signed_below_the_divisor, above_for_false, another_above, other_entries_above,
    one_of_two_above, clipped_by_a_signed_limit,
]  # fmt: skip


def selected_count(b: TensorProgram) -> Value:
    keep = b.add(ew.Greater, b.clients("loss", 1), b.constant(1.0))
    return b.add(ew.Cast, keep, dtype=DType.F32)


def mean_of_selected(b: TensorProgram) -> Value:
    keep = selected_count(b)
    total = b.add(st.Sum, b.add(ew.Mul, rows(b), keep), axes=(0,))
    return b.add(ew.DivNoNan, total, b.add(st.Sum, keep, axes=(0,)))


def by_integers(b: TensorProgram) -> Value:
    return b.add(ew.Div, rows(b), b.add(ew.Cast, b.clients("count", K, dtype=DType.I32), dtype=DType.F32))


def by_signs(b: TensorProgram) -> Value:
    return b.add(ew.DivNoNan, rows(b), b.add(st.Sum, b.add(ew.Sign, b.clients("y", K)), axes=(0,)))


def by_half_integers(b: TensorProgram) -> Value:
    return b.add(ew.DivNoNan, rows(b), b.add(ew.Mul, selected_count(b), b.clients("y", 1)))


def by_what_an_integer_enlarges(b: TensorProgram) -> Value:
    """z / max(n·z, y): at least n·z, which is 0 where n is."""
    z, y, n = b.clients("positive/z", K), b.clients("positive/y", K), b.clients("positive/n", K, dtype=DType.I32)
    n = b.add(ew.Cast, n, dtype=DType.F32)
    return b.add(ew.Mul, b.add(ew.Div, z, b.add(ew.Maximum, b.add(ew.Mul, n, z), y)), b.constant(32.0))


INTEGERS = [mean_of_selected, by_integers, by_signs]
NO_INTEGERS = [by_half_integers, by_what_an_integer_enlarges]

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
    """The program, with bounds: parameters are within 8, and those below "positive" not negative."""
    b = TensorProgram(build.__name__)
    value = build(b)
    clients = [a for a, d in enumerate(value.type.shape) if d == "n"]
    b.returns(b.add(st.Sum, value, axes=tuple(clients)) if clients else value)
    traced = b.build()
    bounds = {op.path: Bound(8.0, 0.0 if op.path.startswith("positive") else None) for op in traced.of(Input)}
    bounded = DeclareBounds(N, ParameterBounds.of(bounds)).run(traced)
    (output,) = bounded.of(Output)
    return bounded, output.operands[0].op.operands[0] if clients else output.operands[0]


def optimised(before: Program, *, proofs: bool) -> Program:
    return run_passes(before, tensor_passes(Options(clients=N, proofs=proofs)))


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


def hold(before: Program) -> None:
    """Neither the program nor what the passes make of it, with unit vectors and without, leaves its ranges."""
    for each in (before, optimised(before, proofs=False), optimised(before, proofs=True)):
        ranges = Ranges(each)
        for seed in range(40):
            check_ranges(each, as_clients_share(each, adversarial(before, seed)), N, ranges)


@pytest.mark.parametrize("build", AT_MOST_ONE, ids=lambda f: f.__name__)
def test_quotients_by_something_larger(build: Build):
    before, value = program(build)
    assert Ranges(before)[value].magnitude == pytest.approx(1.0)
    assert value not in Ranges(before).checked
    hold(before)


@pytest.mark.parametrize("build", [*AVERAGES, *GUARDED, *INTEGERS], ids=lambda f: f.__name__)
def test_what_averages_guards_and_integers_bound(build: Build):
    before, value = program(build)
    assert Ranges(before)[value].magnitude <= (16.0 if build in GUARDED else 8.0) * (1 + 1e-12)
    hold(before)


@pytest.mark.parametrize(("build", "bound"), CAUCHY_SCHWARZ, ids=lambda x: getattr(x, "__name__", ""))
def test_products_of_unit_vectors(build: Build, bound: float):
    before, value = program(build)
    assert Ranges(before)[value].magnitude == pytest.approx(bound)
    hold(before)


@pytest.mark.parametrize(("build", "bound"), NO_CAUCHY_SCHWARZ, ids=lambda x: getattr(x, "__name__", ""))
def test_products_over_other_axes_are_larger(build: Build, bound: float):
    before, value = program(build)
    assert Ranges(before)[value].magnitude >= bound * (1 - 1e-12)
    hold(before)


@pytest.mark.parametrize("build", [*NO_AVERAGES, *NOT_GUARDED, *NO_INTEGERS], ids=lambda f: f.__name__)
def test_what_looks_like_an_average_or_a_guard(build: Build):
    before, value = program(build)
    assert Ranges(before)[value].magnitude > 16.5
    hold(before)


@pytest.mark.parametrize("build", UNBOUNDED, ids=lambda f: f.__name__)
def test_quotients_by_something_else(build: Build):
    before, value = program(build)
    ranges = Ranges(before)
    assert value in ranges.checked
    assert ranges[value].magnitude >= LEAST * RATIO
    hold(before)


def test_the_larger_of_a_number_and_a_constant_bounds_only_by_the_constant():
    before, value = program(by_largest_of_two)
    assert Ranges(before)[value].magnitude == pytest.approx(8e6)
    hold(before)
