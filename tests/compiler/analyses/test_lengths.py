"""What follows from a norm that clients prove, and near misses: other entries, repeated ones, other vectors, signs.

Every program is also evaluated at inputs of just that norm: on one entry, on all alike, along a constant.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from normed_programs import BOUND, LONG, SHORT, Build, K, N, hold, part, program, row, square, squares
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.lengths import by_lengths
from ezprivsecfl.compiler.analyses.positions import CLIENTS, Positions
from ezprivsecfl.compiler.analyses.ranges import EXACT, MARGIN, Ranges
from ezprivsecfl.compiler.analyses.terms import Factor, Term
from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Norms
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType

RAMP = np.arange(1.0, K + 1)


def an_entry(b: TensorProgram) -> Value:
    return row(b)


def an_entry_of_a_short_row(b: TensorProgram) -> Value:
    return row(b, "short/x")


def an_entry_of_few(b: TensorProgram) -> Value:
    return b.clients("x", 8)


def an_entry_of_nine(b: TensorProgram) -> Value:
    return b.clients("x", 3, 3)


def an_integer(b: TensorProgram) -> Value:
    return b.clients("x", K, dtype=DType.I32)


def an_entry_declared_positive(b: TensorProgram) -> Value:
    return row(b, "positive/x")


def a_truth(b: TensorProgram) -> Value:
    return b.clients("x", K, dtype=DType.BOOL)


def squares_of_one_client(b: TensorProgram) -> Value:
    return squares(b, row(b), 1)


def square_of_each(b: TensorProgram) -> Value:
    return b.add(st.Sum, b.add(ew.Square, row(b)), axes=(1,))


def squares_of_a_matrix(b: TensorProgram) -> Value:
    turned = b.add(st.Transpose, b.clients("x", 3, 4), permutation=(2, 0, 1))
    return squares(b, turned, 0, 2)


def squares_of_rows_of_a_matrix(b: TensorProgram) -> Value:
    """Each row alone may be as long as all of them together."""
    return squares(b, b.clients("x", 3, 4), 2)


def rows_times_themselves(b: TensorProgram) -> Value:
    x = b.add(st.Reshape, row(b), shape=("n", 1, K))
    return b.add(st.MatMul, x, b.add(st.Transpose, x, permutation=(0, 2, 1)))


def squares_of_all_clients(b: TensorProgram) -> Value:
    return squares(b, row(b), 0, 1)


def squares_of_an_entry_over_clients(b: TensorProgram) -> Value:
    return squares(b, row(b), 0)


def norm_of_one_client(b: TensorProgram) -> Value:
    return b.norm(row(b), 1)


def sum_of_entries(b: TensorProgram) -> Value:
    return b.add(st.Sum, row(b), axes=(1,))


def sum_of_magnitudes(b: TensorProgram) -> Value:
    return b.add(st.Sum, b.add(ew.Abs, row(b)), axes=(1,))


def sum_of_some_entries(b: TensorProgram) -> Value:
    return b.add(st.Sum, part(b, row(b), 1, 4, 2), axes=(1,))


def sum_over_clients(b: TensorProgram) -> Value:
    return b.add(st.Sum, row(b), axes=(0,))


def sum_of_everything(b: TensorProgram) -> Value:
    return b.add(st.Sum, row(b), axes=(0, 1))


def ramp(b: TensorProgram) -> Value:
    return b.add(Constant, value=RAMP, dtype=DType.F32)


def inner_product_with_a_constant(b: TensorProgram) -> Value:
    return b.add(st.Sum, b.add(ew.Mul, row(b), ramp(b)), axes=(1,))


def matrix_product_with_a_constant(b: TensorProgram) -> Value:
    return b.add(st.MatMul, row(b), b.add(st.Reshape, ramp(b), shape=(K, 1)))


def inner_product_over_clients(b: TensorProgram) -> Value:
    return b.add(st.Sum, b.add(ew.Mul, row(b), ramp(b)), axes=(0, 1))


def inner_product_of_two(b: TensorProgram) -> Value:
    return b.add(st.Sum, b.add(ew.Mul, row(b), row(b, "short/y")), axes=(1,))


def weighted_squares(b: TensorProgram) -> Value:
    return b.add(st.Sum, b.add(ew.Mul, square(b, row(b)), ramp(b)), axes=(1,))


def fourth_powers(b: TensorProgram) -> Value:
    return b.add(st.Sum, square(b, square(b, row(b, "short/x"))), axes=(1,))


def squared_distance_to_the_server(b: TensorProgram) -> Value:
    return squares(b, b.add(ew.Sub, row(b), b.server("s", K)), 1)


def squared_distance_of_two(b: TensorProgram) -> Value:
    return squares(b, b.add(ew.Sub, row(b), row(b, "short/y")), 1)


def squares_of_a_part(b: TensorProgram) -> Value:
    return squares(b, part(b, row(b), 2, 5), 1)


def squares_of_both(b: TensorProgram) -> Value:
    return squares(b, b.add(st.Concat, row(b), row(b, "short/y"), axis=1), 1)


def squares_of_a_turned_row(b: TensorProgram) -> Value:
    x = row(b)
    return squares(b, b.add(st.Concat, part(b, x, 5, K - 5), part(b, x, 0, 5), axis=1), 1)


def squares_of_the_mean(b: TensorProgram) -> Value:
    mean = b.add(ew.Div, b.add(st.Sum, row(b), axes=(0,)), b.add(st.Clients, dtype=DType.F32))
    return squares(b, mean, 0)


def squares_of_the_sum(b: TensorProgram) -> Value:
    return squares(b, b.add(st.Sum, row(b), axes=(0,)), 0)


def squares_of_clipped_rows(b: TensorProgram) -> Value:
    """The condition is one for the row: it is the long one or the short one, not some entries of each."""
    x, y = row(b), row(b, "short/y")
    larger = b.add(ew.Greater, b.norm(x, 1), b.constant(1.0))
    return squares(b, b.add(ew.Select, b.add(st.Reshape, larger, shape=("n", 1)), y, x), 1)


def squares_of_rectified(b: TensorProgram) -> Value:
    return squares(b, b.add(ew.Relu, b.add(ew.Neg, row(b))), 1)


EXACTLY = [
    (an_entry, LONG),
    (an_entry_of_a_short_row, SHORT),
    (an_entry_of_few, BOUND),
    (an_entry_of_nine, BOUND * 3),
    (an_integer, LONG),
    (a_truth, 1.0),
    (squares_of_one_client, LONG**2),
    (square_of_each, LONG**2),
    (squares_of_a_matrix, LONG**2),
    (squares_of_rows_of_a_matrix, LONG**2),
    (rows_times_themselves, LONG**2),
    (squares_of_all_clients, N * LONG**2),
    (squares_of_an_entry_over_clients, N * LONG**2),
    (norm_of_one_client, LONG),
    (sum_of_entries, math.sqrt(K) * LONG),
    (sum_of_magnitudes, math.sqrt(K) * LONG),
    (sum_of_some_entries, 2 * LONG),
    (sum_over_clients, N * LONG),
    (sum_of_everything, N * math.sqrt(K) * LONG),
    (inner_product_with_a_constant, LONG * np.linalg.norm(RAMP)),
    (matrix_product_with_a_constant, LONG * np.linalg.norm(RAMP)),
    (inner_product_over_clients, N * LONG * np.linalg.norm(RAMP)),
    (inner_product_of_two, LONG * SHORT),
    (weighted_squares, K * LONG**2),
    (fourth_powers, SHORT**4),
    (squared_distance_to_the_server, (2 * LONG) ** 2),
    (squared_distance_of_two, (LONG + SHORT) ** 2),
    (squares_of_a_part, LONG**2),
    (squares_of_both, LONG**2 + SHORT**2),
    (squares_of_a_turned_row, LONG**2),
    (squares_of_the_mean, LONG**2),
    (squares_of_the_sum, (N * LONG) ** 2),
    (squares_of_clipped_rows, LONG**2),
    (squares_of_rectified, LONG**2),
]


def squares_of_repeated_rows(b: TensorProgram) -> Value:
    x = b.add(st.Reshape, row(b), shape=("n", 1, K))
    return squares(b, b.add(st.Broadcast, x, shape=("n", 3, K)), 1, 2)


def sum_of_repeated_entries(b: TensorProgram) -> Value:
    x = b.add(st.Reshape, row(b), shape=("n", 1, K))
    return b.add(st.Sum, b.add(st.Broadcast, x, shape=("n", 3, K)), axes=(1, 2))


def squares_of_one_entry_everywhere(b: TensorProgram) -> Value:
    return squares(b, b.add(st.Broadcast, part(b, row(b), 3, 1), shape=("n", K)), 1)


def squares_of_overlapping_parts(b: TensorProgram) -> Value:
    x = row(b)
    return squares(b, b.add(st.Concat, part(b, x, 0, 6), part(b, x, 3, 6), axis=1), 1)


def squares_of_three_of_an_entry(b: TensorProgram) -> Value:
    """A gather of positions some of which occur more often than others."""
    x = row(b)
    return squares(b, b.add(st.Concat, *(part(b, x, i, 1) for i in (0, 4, 4, 7, 4)), axis=1), 1)


def squares_of_gathered_entries(b: TensorProgram) -> Value:
    """The same as a product with a public matrix."""
    chosen = np.zeros((K, 5))
    chosen[[0, 4, 4, 7, 4], range(5)] = 1
    matrix = b.add(Constant, value=chosen, dtype=DType.F32)
    return squares(b, b.add(st.MatMul, row(b), matrix), 1)


def products_of_different_entries(b: TensorProgram) -> Value:
    """Every entry of one part with every one of another."""
    x = row(b)
    left, right = (b.add(st.Reshape, part(b, x, i, 3), shape=("n", *s)) for i, s in ((0, (3, 1)), (6, (1, 3))))
    return b.add(st.Sum, b.add(ew.Mul, left, right), axes=(1, 2))


def sum_of_mixed_rows(b: TensorProgram) -> Value:
    """The condition is one for each entry: all of both may be taken that are large."""
    x, y = row(b), row(b, "z")
    return squares(b, b.add(ew.Select, b.add(ew.Greater, x, y), x, y), 1)


def squares_of_shifted(b: TensorProgram) -> Value:
    return squares(b, b.add(ew.Add, row(b), b.constant(1.0)), 1)


def squares_of_truths(b: TensorProgram) -> Value:
    """A truth value is 1 for any entry but 0."""
    small = b.add(ew.Mul, row(b), b.constant(1e-3))
    return squares(b, b.add(ew.Cast, b.add(ew.Cast, small, dtype=DType.BOOL), dtype=DType.F32), 1)


def squares_of_the_larger(b: TensorProgram) -> Value:
    return squares(b, b.add(ew.Maximum, row(b), row(b, "z")), 1)


AT_LEAST = [
    (squares_of_repeated_rows, 3 * LONG**2),
    (sum_of_repeated_entries, 3 * math.sqrt(K) * LONG),
    (squares_of_one_entry_everywhere, K * LONG**2),
    (squares_of_overlapping_parts, 2 * LONG**2),
    (squares_of_three_of_an_entry, 3 * LONG**2),
    (squares_of_gathered_entries, 3 * LONG**2),
    (products_of_different_entries, 1.5 * LONG**2),
    (sum_of_mixed_rows, 2 * LONG**2),
    (squares_of_shifted, (LONG + math.sqrt(K)) ** 2),
    (squares_of_truths, K),
    (squares_of_the_larger, 2 * LONG**2),
]


@pytest.mark.parametrize(("build", "bound"), EXACTLY, ids=lambda x: getattr(x, "__name__", ""))
def test_what_norms_bound(build: Build, bound: float):
    before, value = program(build)
    assert Ranges(before)[value].magnitude == pytest.approx(bound)
    hold(before)


@pytest.mark.parametrize(("build", "bound"), AT_LEAST, ids=lambda x: getattr(x, "__name__", ""))
def test_what_they_do_not_bound(build: Build, bound: float):
    before, value = program(build)
    assert Ranges(before)[value].magnitude >= bound * (1 - 1e-12)
    hold(before)


def test_a_lowest_value_of_many_entries_is_not_proved():
    before, value = program(an_entry_declared_positive)
    assert Ranges(before)[value].lo == -LONG
    few = DeclareBounds(N, ParameterBounds.of({"": (0.0, BOUND)}), NormBounds()).run(summed(8))
    assert Ranges(few)[few.ops[0].results[0]].lo == 0.0


def summed(*shape: int) -> Program:
    b = TensorProgram("summed")
    b.returns(b.add(st.Sum, b.clients("x", *shape), axes=(0,)))
    return b.build()


def test_without_proofs_every_entry_is_believed():
    before = DeclareBounds(N, ParameterBounds.of({"": (0.0, BOUND)})).run(summed(K))
    assert Ranges(before)[before.ops[0].results[0]] == before.of(Input)[0].declared
    assert before.of(Input)[0].declared.hi == BOUND


def test_a_share_of_what_need_not_be_positive_has_a_working_range():
    """Averages need weights that are not negative; of many nobody proves that, but honest ones have small shares."""
    b = TensorProgram("shares")
    x = b.clients("x", K)
    total = b.add(st.Reshape, b.add(st.Sum, x, axes=(1,)), shape=("n", 1))
    b.returns(b.add(st.Sum, b.add(ew.Div, x, total), axes=(0,)))
    traced = b.build()
    bounds = ParameterBounds.of({"": (0.0, BOUND)})
    for norms, checked in ((None, False), (NormBounds(), True)):
        bounded = DeclareBounds(N, bounds, norms).run(traced)
        value = bounded.of(Output)[0].operands[0].op.operands[0]
        ranges = Ranges(bounded)
        assert (value in ranges.checked) == checked
        assert ranges[value].magnitude == pytest.approx(MARGIN if checked else 1.0)
        assert ranges.as_declared(value).magnitude == pytest.approx(1.0) or not checked


def test_an_exponential_of_what_is_not_proved_has_a_working_range():
    b = TensorProgram("exponential")
    b.returns(b.add(st.Sum, b.add(ew.Exp, b.clients("x", K)), axes=(0,)))
    before = DeclareBounds(N, ParameterBounds.of({"": BOUND}), NormBounds()).run(b.build())
    (exponential,) = before.of(ew.Exp)
    ranges = Ranges(before)
    assert exponential.result in ranges.checked
    assert math.exp(BOUND) * MARGIN <= ranges[exponential.result].magnitude <= 2 * math.exp(BOUND) * MARGIN


def test_positions_that_overlap_are_not_distinct():
    """Windows such as 0 1 2, 1 2 3, 2 3 4: no operation makes such, but maps of positions can be so."""
    bounded = DeclareBounds(N, ParameterBounds(), NormBounds()).run(summed(K))
    (x,) = bounded.of(Input)
    facts = Facts(N, EXACT, set())
    facts.intervals[x.result], facts.lengths[x.result] = Interval.within(LONG), {frozenset({-1}): LONG}
    windows, apart = (Positions.of([(CLIENTS, K), (3, stride), (3, 1)]) for stride in (1, 3))
    for positions, found in ((windows, []), (apart, [LONG**2, 3 * LONG])):
        squared = Term.of(Factor(x.result, positions), 2.0)
        assert [size for size, _ in by_lengths(facts, squared, 9)] == pytest.approx(found)


@pytest.mark.parametrize("norms", [EXACT, Norms(64)])
def test_sketched_squares_of_a_norm_are_larger_by_their_excess(norms: Norms):
    b = TensorProgram("sketched")
    x = b.add(st.Reshape, b.clients("x", 128), shape=("n", 1, 128))
    b.returns(b.add(st.Sum, b.add(st.MatMul, x, b.add(st.Transpose, x, permutation=(0, 2, 1))), axes=(0,)))
    before = DeclareBounds(N, ParameterBounds(), NormBounds.of({"x": SHORT})).run(b.build())
    (product,) = before.of(st.MatMul)
    found = Ranges(before, norms)[product.result].hi
    assert found == pytest.approx(SHORT**2) if norms == EXACT else found > 4 * SHORT**2
