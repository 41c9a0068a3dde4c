"""Medians and trimmed means: which programs take ``sum_of_ranks``, and that it gives what sorting gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.checking import check_compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.compiler.passes.networks import comparators
from ezprivsecfl.compiler.passes.ranks import MOST, SelectRanks
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.elementwise import Add, Maximum, Mul, Neg
from ezprivsecfl.ir.tensor.ordering import Top, TopIndices, TopValues
from ezprivsecfl.ir.tensor.ranks import SumOfRanks
from ezprivsecfl.ir.tensor.structure import Concat, Reshape, Slice, Sum, Transpose

Use = Callable[[TensorProgram, Value], Value]
"""What a program makes of a value that is sorted along its last axis, ascending."""


def ascending(b: TensorProgram, x: Value) -> Value:
    """As ``tf.sort`` does it."""
    return b.add(Neg, b.add(TopValues, b.add(Neg, x), count=int(x.type.shape[-1])))


def part(b: TensorProgram, x: Value, first: int, size: int, axis: int = -1, stride: int = 1) -> Value:
    """``size`` entries along an axis."""
    starts, sizes, strides = [0] * len(x.type.shape), list(x.type.shape), [1] * len(x.type.shape)
    starts[axis], sizes[axis], strides[axis] = first, size, stride
    return b.add(Slice, x, starts=tuple(starts), sizes=tuple(sizes), strides=tuple(strides))


def per_row(size: int, use: Use, rows: int = 3) -> Program:
    b = TensorProgram("ranks")
    x = b.clients("x", rows, size)
    b.returns(b.add(Sum, use(b, x), axes=(0,)))
    return replace(b.build(), max_clients=4)


def median(b: TensorProgram, x: Value) -> Value:
    size = int(x.type.shape[-1])
    return part(b, ascending(b, x), size // 2, 1)


def middle_two(b: TensorProgram, x: Value) -> Value:
    size, in_order = int(x.type.shape[-1]), ascending(b, x)
    both = b.add(Add, part(b, in_order, size // 2 - 1, 1), part(b, in_order, size // 2, 1))
    return b.add(Mul, both, b.constant(0.5))


def trimmed(dropped: int) -> Use:
    def use(b: TensorProgram, x: Value) -> Value:
        kept = int(x.type.shape[-1]) - 2 * dropped
        return b.add(Sum, part(b, ascending(b, x), dropped, kept), axes=(2,))

    return use


def reversed_and_first_axis(b: TensorProgram, x: Value) -> Value:
    """Sorted along what is another axis in the end, read backwards, in two steps."""
    moved = b.add(Transpose, ascending(b, x), permutation=(0, 2, 1))
    size = int(x.type.shape[-1])
    backwards = part(b, moved, size - 1, size, 1, -1)
    return b.add(Sum, part(b, part(b, backwards, 1, size - 1, 1), 0, size - 4, 1), axes=(1,))


def gathered(b: TensorProgram, x: Value) -> Value:
    """As ``tf.gather`` takes an entry of another axis."""
    n, rows, size = x.type.shape
    moved = b.add(Transpose, ascending(b, x), permutation=(0, 2, 1))
    whole = b.add(Reshape, moved, shape=(n, 1, size, 1, rows))
    return b.add(Reshape, part(b, whole, 2, 1, 2), shape=(n, rows))


def largest_three(b: TensorProgram, x: Value) -> Value:
    return b.add(Sum, b.add(TopValues, x, count=3), axes=(2,))


def negative_minimum(b: TensorProgram, x: Value) -> Value:
    """A rank of negatives that were not sorted as negatives."""
    return b.add(Sum, b.add(Neg, part(b, b.add(TopValues, x, count=int(x.type.shape[-1])), 5, 3)), axes=(2,))


def all_of_them(b: TensorProgram, x: Value) -> Value:
    return b.add(Sum, ascending(b, x), axes=(2,))


def of_a_sum(b: TensorProgram, x: Value) -> Value:
    return median(b, b.add(Add, x, b.add(Neg, b.add(Reshape, part(b, x, 0, 1), shape=(*x.type.shape[:-1], 1)))))


def rows(size: int, seed: int, shape: tuple[int, ...] = (4, 3)) -> np.ndarray:
    """Ordinary numbers, ties and zeros, and rows of one value."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(*shape, size))
    x[1] = rng.integers(-2, 3, size=(*shape[1:], size))
    x[2, 0] = -1.25
    return x


USES = [
    median, middle_two, trimmed(2), trimmed(3), gathered, reversed_and_first_axis, largest_three, negative_minimum,
    of_a_sum,
]  # fmt: skip


@pytest.mark.parametrize("size", [15, 16, 30, 31])
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_ranks_are_those_of_a_sort(size: int, use: Use) -> None:
    program = per_row(size, use)
    selected = SelectRanks().run(program)
    assert selected.of(SumOfRanks)
    assert not selected.of(Top)
    for seed in range(3):
        x = rows(size, seed)
        expected, found = (run_tensor(p, {"x": x}, 4)["result"] for p in (program, selected))
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_sum_of_all_is_a_sum() -> None:
    selected = SelectRanks().run(per_row(20, all_of_them))
    assert not selected.of(Top)
    assert not selected.of(SumOfRanks)


SIZES = [*((size, median) for size in (1, 2, 3, 5, 30, 31)), *((size, trimmed(3)) for size in (9, 30, 31))]


@pytest.mark.parametrize(("size", "use"), SIZES)
@pytest.mark.parametrize("proofs", [True, False])
def test_on_shares(size: int, use: Use, proofs: bool) -> None:
    program = per_row(size, use)
    compiled = compile_program(program, Options(clients=4, proofs=proofs))
    for seed in range(2):
        x = rows(size, seed)
        findings = Findings()
        check_compiled(compiled, {"x": x}, 4, findings)
        assert not findings.violations
        expected = run_tensor(program, {"x": x}, 4)["result"]
        found = PlainProgram(compiled).run({"x": list(x)}, {}).outputs["result"]
        np.testing.assert_allclose(found, expected, atol=1e-3 * np.max(np.abs(expected)))


def also_everything(b: TensorProgram, x: Value) -> Value:
    in_order = ascending(b, x)
    return b.add(Add, part(b, in_order, 3, 1), in_order)


def also_positions(b: TensorProgram, x: Value) -> Value:
    negative = b.add(Neg, x)
    places = part(b, b.add(TopIndices, negative, count=int(x.type.shape[-1])), 0, 1)
    b.returns(b.add(Sum, places, axes=(0,)), "place")
    return part(b, b.add(TopValues, negative, count=int(x.type.shape[-1])), 4, 1)


def every_other(b: TensorProgram, x: Value) -> Value:
    return b.add(Sum, part(b, ascending(b, x), 0, 5, stride=2), axes=(2,))


def in_a_circuit(b: TensorProgram, x: Value) -> Value:
    return median(b, b.add(Maximum, x, b.constant(0.0)))


def joined(b: TensorProgram, x: Value) -> Value:
    in_order = ascending(b, x)
    return b.add(Concat, part(b, in_order, 1, 2), part(b, in_order, 7, 2), axis=2)


def flattened(b: TensorProgram, x: Value) -> Value:
    n, rows, size = x.type.shape
    return part(b, b.add(Reshape, ascending(b, x), shape=(n, int(rows) * int(size))), 5, 1)


def two_axes(b: TensorProgram, x: Value) -> Value:
    return b.add(Sum, part(b, ascending(b, x), 2, 10), axes=(1, 2))


@pytest.mark.parametrize(
    "use",
    [also_everything, also_positions, every_other, in_a_circuit, joined, flattened, two_axes],
    ids=lambda use: use.__name__,
)
def test_what_is_left_to_networks(use: Use) -> None:
    assert not SelectRanks().run(per_row(20, use)).of(SumOfRanks)


def test_few_entries_and_many_are_left_to_networks() -> None:
    for size in (3, 5, MOST + 1):
        assert not SelectRanks().run(per_row(size, median)).of(SumOfRanks)
    assert SelectRanks().run(per_row(MOST, median)).of(SumOfRanks)
    assert not SelectRanks().run(per_row(30, lambda b, x: b.add(TopValues, x, count=1))).of(SumOfRanks)
    assert (comparators(30, 1), comparators(4, 4), comparators(16, 16)) == (29, 5, 63)


def shared_fractions(*uses: Use) -> int:
    b = TensorProgram("ranks")
    x = b.clients("x", 3, 30)
    for i, use in enumerate(uses):
        b.returns(b.add(Sum, use(b, x), axes=(0,)), str(i))
    bounds = ParameterBounds.of({"x": Bound(0.5)})
    compiled = compile_program(b.build(), Options(clients=4, bounds=bounds))
    (share,) = compiled.secure.of(io.Share)
    return share.type.frac


def test_an_input_of_which_only_ranks_are_found_has_no_more_bits_than_needed() -> None:
    assert shared_fractions(trimmed(3)) == shared_fractions(median, trimmed(3)) == 20  # 19 for a bound of 1
    assert shared_fractions(trimmed(3), lambda b, x: x) > 20


def test_with_proofs_of_a_norm_entries_enter_circuits_as_they_are_declared() -> None:
    """A malicious entry beyond counts as another one, and only in its own coordinate."""
    widths = []
    for proofs in (True, False):
        compiled = compile_program(per_row(30, median, rows=100), Options(clients=4, proofs=proofs))
        widths.append({op.width for op in compiled.secure.of(protocol.ToYao) if op.width > 2})
    assert widths[0] == widths[1]
    both = per_row(30, lambda b, x: b.add(Add, median(b, x), b.add(Maximum, x, b.constant(0.0))), rows=100)
    proved, believed = (
        max(op.width for op in compile_program(both, Options(clients=4, proofs=p)).secure.of(protocol.ToYao))
        for p in (True, False)
    )
    assert proved > believed
