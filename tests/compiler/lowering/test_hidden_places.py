"""Inputs that are only added up: precise enough, of shares that hide them and are no wider than that takes."""

from __future__ import annotations

import math

import pytest
from on_duet import as_compiled
from small_programs import TensorProgram, weighted_mean

from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.mpc.hiding import PRIVACY, share_bits, significant_bits
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.elementwise import Add, Relu
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.runtime.proofs import ProofPlan, plan_of


def sums(*sizes: int) -> Program:
    """A mean of as many tensors."""
    b = TensorProgram("sums")
    for i, size in enumerate(sizes):
        b.returns(b.add(Sum, b.clients(f"x{i}", size), axes=(0,)), f"y{i}")
    return b.build()


def plan(program: Program, **bounds: float) -> tuple[ProofPlan, list[int]]:
    """What clients upload and prove, and the fractional bits of what they share."""
    lowered = as_compiled(compile_program(program, Options(clients=100, bounds=ParameterBounds.of(bounds))))
    made = manifest(lowered.compiled, lowered.compiled.secure, "duet")
    return plan_of(made), [share.frac for share in made.shares]


def width(made: ProofPlan) -> int:
    """Bits of a share of nearly all entries."""
    return 64 + 8 * round(made.layout.high_bytes / made.layout.entries)


@pytest.mark.parametrize(
    ("size", "expected"), [(33, 80), (3372, 80), (100_000, 80), (1_000_000, 80), (1_100_000, 88), (5_000_000, 88)]
)
def test_19_bits_below_the_bound_in_the_fewest_bytes(size, expected):
    """And 15 for clients at the lower end of a magnitude class."""
    made, (frac,) = plan(sums(size))
    assert made.privacy <= PRIVACY
    assert width(made) == expected
    assert frac + math.log2(8.0) >= 19
    assert expected == 80 or math.log2(2 * size * 2 ** (19 + 40)) > expected - 8  # narrower ones would not do


def test_a_bit_more_would_take_wider_shares():
    for size in (3372, 1_000_000):
        made, (frac,) = plan(sums(size))
        finer = 2 * (size * 8.0 * 2.0 ** (frac + 1)) / PRIVACY
        assert finer > 2.0 ** width(made)


def test_several_tensors_are_hidden_as_one():
    for sizes in ((10_000, 10_000, 10_000), (29_990, 10), (20_000, *[500] * 20)):
        made, fracs = plan(sums(*sizes))
        assert made.privacy <= PRIVACY
        assert width(made) == 80
        assert min(fracs) + 3 >= 24


@pytest.mark.parametrize("size", [9, 100_000, 1_000_000])
def test_large_bounds_are_hidden_too(size):
    """16 bits after the point, as other inputs, where shares can hide that."""
    made, (frac,) = plan(sums(size), x0=2.0**23)
    assert made.privacy <= PRIVACY
    assert frac >= 16
    made, (frac,) = plan(sums(size), x0=2.0**40)
    assert made.privacy <= PRIVACY
    assert frac + 40 >= 24


def test_what_enters_circuits_keeps_its_places():
    """Where each entry counts by itself, small ones need them."""
    b = TensorProgram("relus")
    b.returns(b.add(Sum, b.add(Relu, b.clients("x0", 10_000)), axes=(0,)))
    _, (in_circuits,) = plan(b.build())
    b = TensorProgram("shifted")
    x = b.clients("x0", 10_000)
    b.returns(b.add(Sum, b.add(Add, x, x), axes=(0,)))
    _, (added,) = plan(b.build())
    assert (in_circuits, added) == (32, 22)


def test_weights_do_not_widen_what_they_weight():
    made, _ = plan(weighted_mean(10_000))
    assert width(made) == 80


def test_widths_keep_what_an_upload_tells():
    """Half for the vectors by their entries, half evenly."""
    for vectors in ([(1000, 2.0**38), (4, 2.0**36)], [(10**6, 2.0**44), (1, 2.0**50), (1, 2.0)], [(7, 2.0**45)] * 9):
        entries = sum(count for count, _ in vectors)
        told = [size / 2.0 ** share_bits(size, count, entries, len(vectors)) for count, size in vectors]
        assert sum(told) <= PRIVACY
    assert share_bits(2.0**30, 10**6, 10**6 + 4, 2) == 80
    assert significant_bits(1.0, 2**16, 24) == 30
    assert significant_bits(1.0, 2**15, 23) == 23
