"""What follows of one-hot vectors, and near misses: parts of them, repeated entries, several vectors, windows, signs.

Every program is also evaluated on one-hot vectors, before and after the passes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from claimed_ranges import check_ranges
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.one_hot import by_one_hot
from ezprivsecfl.compiler.analyses.positions import CLIENTS, Positions
from ezprivsecfl.compiler.analyses.ranges import EXACT, Ranges
from ezprivsecfl.compiler.analyses.terms import Factor, Term
from ezprivsecfl.compiler.binary_parameters import BinaryParameters
from ezprivsecfl.compiler.options import Norms, Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.passes.binary import DeclareBinary
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.compiler.pipeline import tensor_passes
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType

Build = Callable[[TensorProgram], Value]

N, V, K = 4, 3, 6
"""Clients, vectors of each, and entries of a vector."""

WEIGHTS = np.array([2.0, -5.0, 1.0, 0.5, -1.0, 4.0])


def votes(b: TensorProgram) -> Value:
    return b.clients("vote", V, K)


def total(b: TensorProgram, value: Value, *axes: int) -> Value:
    return b.add(st.Sum, value, axes=axes)


def part(b: TensorProgram, x: Value, first: int, size: int) -> Value:
    """Some choices of all vectors."""
    return b.add(st.Slice, x, starts=(0, 0, first), sizes=("n", V, size), strides=(1, 1, 1))


def weighted(b: TensorProgram, x: Value) -> Value:
    return b.add(ew.Mul, x, b.add(Constant, value=WEIGHTS, dtype=DType.F32))


def one(b: TensorProgram) -> Value:
    return total(b, votes(b), 2)


def one_square(b: TensorProgram) -> Value:
    x = votes(b)
    return total(b, b.add(ew.Mul, x, x), 2)


def one_product_with_itself(b: TensorProgram) -> Value:
    x = votes(b)
    return b.add(st.MatMul, b.add(st.Reshape, x, shape=("n", V, 1, K)), b.add(st.Reshape, x, shape=("n", V, K, 1)))


def all_of_a_client(b: TensorProgram) -> Value:
    return total(b, votes(b), 1, 2)


def flat(b: TensorProgram) -> Value:
    return total(b, b.add(st.Reshape, votes(b), shape=("n", V * K)), 1)


def turned(b: TensorProgram) -> Value:
    return total(b, b.add(st.Transpose, votes(b), permutation=(0, 2, 1)), 1)


def all_of_all(b: TensorProgram) -> Value:
    return total(b, votes(b), 0, 1, 2)


def one_question_of_all(b: TensorProgram) -> Value:
    return total(b, votes(b), 0, 2)


def repeated(b: TensorProgram) -> Value:
    x = b.add(st.Reshape, votes(b), shape=("n", V, 1, K))
    return total(b, b.add(st.Broadcast, x, shape=("n", V, 5, K)), 2, 3)


EXACTLY = [
    (one, 1, 1),
    (one_square, 1, 1),
    (one_product_with_itself, 1, 1),
    (all_of_a_client, V, V),
    (flat, V, V),
    (turned, 1, 1),
    (all_of_all, V, N * V),
    (one_question_of_all, 1, N),
    (repeated, 5, 5),
]
"""Sums that are known, whatever the clients choose: of every client, or as many as there are clients."""


def some_choices(b: TensorProgram) -> Value:
    return total(b, part(b, votes(b), 1, 3), 2)


def some_choices_of_all_questions(b: TensorProgram) -> Value:
    return total(b, part(b, votes(b), 1, 3), 1, 2)


def one_choice_of_all_questions(b: TensorProgram) -> Value:
    return total(b, part(b, votes(b), 2, 1), 1, 2)


def value_of_a_choice(b: TensorProgram) -> Value:
    return total(b, weighted(b, votes(b)), 2)


def value_of_a_choice_as_a_product(b: TensorProgram) -> Value:
    matrix = b.add(Constant, value=WEIGHTS.reshape((K, 1)), dtype=DType.F32)
    return b.add(st.MatMul, votes(b), matrix)


def value_of_all_choices(b: TensorProgram) -> Value:
    return total(b, weighted(b, votes(b)), 1, 2)


def agreement(b: TensorProgram) -> Value:
    """One-hot vectors of two parameters: 1 where both are the same."""
    return total(b, b.add(ew.Mul, votes(b), b.clients("vote2", V, K)), 2)


def share_of_a_number(b: TensorProgram) -> Value:
    """Other numbers of the client, of which a vector picks one."""
    return total(b, b.add(ew.Mul, votes(b), b.clients("x", V, 1)), 2)


def counts(b: TensorProgram) -> Value:
    return total(b, votes(b), 0)


def against(b: TensorProgram) -> Value:
    return total(b, b.add(ew.Neg, votes(b)), 2)


def less_than_one(b: TensorProgram) -> Value:
    """No sum of entries: of what differs from each by a half."""
    return total(b, b.add(ew.Sub, votes(b), b.constant(0.5)), 2)


AT_MOST = [
    (some_choices, 0, 1),
    (some_choices_of_all_questions, 0, V),
    (one_choice_of_all_questions, 0, V),
    (value_of_a_choice, -5, 5),
    (value_of_a_choice_as_a_product, -5, 5),
    (value_of_all_choices, -5 * V, 5 * V),
    (agreement, 0, 1),
    (share_of_a_number, -8, 8),
    (counts, 0, N),
    (against, -1, 0),
    (less_than_one, -K / 2, K / 2),
]
"""Sums that are bounded."""


def program(build: Build, *, one_hot: bool = True) -> tuple[Program, Value]:
    b = TensorProgram(build.__name__)
    value = build(b)
    clients = tuple(a for a, d in enumerate(value.type.shape) if d == "n")
    b.returns(total(b, value, *clients) if clients else value)
    traced = b.build()
    paths = [op.path for op in traced.of(Input) if op.path != "x"]
    declared = BinaryParameters.of([], paths) if one_hot else BinaryParameters.of(paths, [])
    bounded = DeclareBounds(N, ParameterBounds()).run(DeclareBinary(declared).run(traced))
    (output,) = bounded.of(Output)
    return bounded, output.operands[0].op.operands[0] if clients else output.operands[0]


def choices(before: Program, seed: int) -> dict[str, np.ndarray]:
    """One-hot vectors: at random, all alike, or the same choice everywhere."""
    rng, inputs = np.random.default_rng(seed), {}
    for op in before.of(Input):
        if op.path == "x":
            inputs[op.path] = rng.choice([-8.0, 8.0, 0.5], (N, V, 1))
        else:
            chosen = rng.integers(0, K, (N, V)) if seed % 2 else np.full((N, V), seed // 2 % K)
            inputs[op.path] = np.eye(K)[chosen] == 1
    return inputs


def hold(before: Program) -> None:
    for each in (before, run_passes(before, tensor_passes(Options(clients=N)))):
        ranges = Ranges(each)
        for seed in range(30):
            for clients in (2, N):
                inputs = {path: rows[:clients] for path, rows in choices(before, seed).items()}
                check_ranges(each, inputs, clients, ranges)


@pytest.mark.parametrize(("build", "low", "high"), EXACTLY + AT_MOST, ids=lambda x: getattr(x, "__name__", ""))
def test_what_one_hot_vectors_bound(build: Build, low: float, high: float):
    before, value = program(build)
    found = Ranges(before)[value]
    assert (found.lo, found.hi) == pytest.approx((low, high))
    hold(before)


@pytest.mark.parametrize(("build", "low", "high"), EXACTLY, ids=lambda x: getattr(x, "__name__", ""))
def test_of_binary_vectors_that_need_not_be_one_hot_no_sum_is_known(build: Build, low: float, high: float):
    before, value = program(build, one_hot=False)
    found = Ranges(before)[value]
    assert found.lo == 0
    assert found.hi == pytest.approx(high * K)


def test_a_quotient_by_the_sum_of_a_vector_needs_no_working_range():
    b = TensorProgram("shares")
    x = votes(b)
    sums = b.add(st.Reshape, total(b, x, 2), shape=("n", V, 1))
    b.returns(total(b, b.add(ew.Div, x, sums), 0))
    traced = b.build()
    for declared, lowest in ((BinaryParameters.of([], ["vote"]), 1.0), (BinaryParameters.of(["vote"], []), 0.0)):
        bounded = DeclareBounds(N, ParameterBounds()).run(DeclareBinary(declared).run(traced))
        (quotient,) = bounded.of(ew.Div)
        assert Ranges(bounded)[quotient.operands[1]].lo == lowest
        assert Ranges(bounded)[quotient.result] == Interval(0.0, 1.0) or lowest == 0.0


def test_a_sketched_sum_of_squares_is_not_known():
    b = TensorProgram("sketched")
    x = b.add(st.Reshape, b.clients("vote", 128), shape=("n", 1, 128))
    squares = b.add(st.MatMul, x, b.add(st.Transpose, x, permutation=(0, 2, 1)))
    b.returns(total(b, squares, 0))
    declared = DeclareBinary(BinaryParameters.of([], ["vote"])).run(b.build())
    before = DeclareBounds(N, ParameterBounds()).run(declared)
    (product,) = before.of(st.MatMul)
    assert Ranges(before)[product.result] == Interval(1.0, 1.0)
    assert Ranges(before, Norms(64))[product.result].hi > 4.0


@pytest.mark.parametrize(
    ("digits", "count", "found"),
    [
        ([(CLIENTS, V * K), (V, K), (K, 1)], K, [1]),
        ([(CLIENTS, V * K), (V, K), (K, 1)], V * K, [V]),
        ([(CLIENTS, V * K), (4, 3), (3, 1)], 12, [2]),  # 0 1 2, 3 4 5, ... 11: all of two questions
        ([(CLIENTS, V * K), (3, 1), (3, 1)], 9, []),  # 0 1 2, 1 2 3, 2 3 4: entries are taken more than once
        ([(CLIENTS, V * K), (5, 1), (2, 1)], 2, [1]),  # 0 1, 1 2, ... 4 5: each within one question
        ([(CLIENTS, V * K), (6, 1), (2, 1)], 2, []),  # and 5 6, which are of two
        ([(CLIENTS, V * K), (V, K), (2, 3)], 2, [1]),  # two choices of one question
        ([(CLIENTS, V * K), (2, 1), (V, K)], V, [V]),  # one choice of each question
        ([(CLIENTS, V * K), (V, K), (7, 0), (K, 1)], 7 * K, [7]),  # all entries, each seven times
    ],
)
def test_positions_of_a_sum(digits, count, found):
    bounded, _ = program(one)
    (x,) = bounded.of(Input)
    facts = Facts(N, EXACT, set())
    facts.intervals[x.result] = Interval(0.0, 1.0)
    term = Term.of(Factor(x.result, Positions.of(digits)))
    assert [most for most, _ in by_one_hot(facts, term, count)] == found
