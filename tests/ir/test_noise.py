"""Noise in the IR: types, ranges, and the reference's distribution."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from ezprivsecfl.errors import VerifyError
from ezprivsecfl.ir.interval import UNBOUNDED, Interval
from ezprivsecfl.ir.mpc import io, linear
from ezprivsecfl.ir.mpc.noise import AddNoise, part_deviation
from ezprivsecfl.ir.op import Environment, Value
from ezprivsecfl.ir.tensor.io import Constant, Input, Placement
from ezprivsecfl.ir.tensor.noise import Noised, StandardNormal
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import ArithType, DType, Secrecy, TensorType

COUNT = 40000
NEAR = 6 / math.sqrt(COUNT)
"""Six standard deviations of a mean; √2 times as much are six of a variance."""


def clients(*shape: int, dtype: DType = DType.F32) -> Value:
    type_ = TensorType(("n", *shape), dtype, Secrecy.SECRET)
    return Input(path="x", placement=Placement.CLIENTS, bound=8.0, type=type_).result


def total(*shape: int, dtype: DType = DType.F32) -> Value:
    return Sum(operands=(clients(*shape, dtype=dtype),), axes=(0,)).result


def number(value: float, dtype: DType = DType.F32) -> Value:
    return Constant(value=np.asarray(value), dtype=dtype).result


def noised(x: Value, deviation: Value, *, full: bool = True) -> Noised:
    return Noised(operands=(x, deviation), full=full, draw=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: noised(clients(3), number(1.0)), "that are no single client's"),
        (lambda: noised(total(3, dtype=DType.I32), number(1.0)), "secret floats"),
        (lambda: noised(number(1.0), number(1.0)), "secret floats"),
        (lambda: noised(total(3), total()), "must be a public number"),
        (lambda: noised(total(3), number(1.0, DType.I32)), "must be a public number"),
        (lambda: noised(total(2), Constant(value=np.ones(2), dtype=DType.F32).result), "must be a public number"),
        (lambda: StandardNormal(shape=("n", 2), dtype=DType.F32, draw=0), "the servers' own"),
        (lambda: StandardNormal(shape=(2,), dtype=DType.I32, draw=0), "of floats"),
    ],
)
def test_what_noise_is_not_for(make: Callable[[], object], message: str) -> None:
    with pytest.raises(VerifyError, match=message):
        make()


@pytest.mark.parametrize(("full", "factor"), [(True, math.sqrt(2)), (False, 1.0)])
def test_the_reference_has_the_variance_of_both_parts(full: bool, factor: float) -> None:
    op = noised(total(COUNT), number(-3.0), full=full)
    (result,) = op.evaluate([np.full(COUNT, 5.0), np.asarray(-3.0)], Environment(2))
    noise = (result - 5.0) / (3.0 * factor)
    assert abs(np.mean(noise)) < NEAR
    assert abs(np.var(noise) - 1) < math.sqrt(2) * NEAR
    (quiet,) = op.evaluate([np.full(COUNT, 5.0), np.asarray(-3.0)], Environment(2, noise=False))
    np.testing.assert_array_equal(quiet, 5.0)


def test_a_standard_normal_is_drawn_anew() -> None:
    op = StandardNormal(shape=(COUNT,), dtype=DType.F32, draw=0)
    assert op.interval([], 2) == UNBOUNDED
    ((first,), (second,)) = (op.evaluate([], Environment(2)) for _ in range(2))
    assert abs(np.var(first) - 1) < math.sqrt(2) * NEAR
    assert abs(np.mean(first * second)) < NEAR
    np.testing.assert_array_equal(op.evaluate([], Environment(2, noise=False))[0], np.zeros(COUNT))


def test_the_range_has_room_for_tails() -> None:
    """2 d exp(-t²/2) = 2^-40 for what the noise of both parts reaches, in their standard deviations."""
    found = noised(total(1000), number(2.0)).interval([Interval(-1.0, 3.0), Interval(2.0, 2.0)], 2)
    reach = found.hi - 3.0
    assert found.lo == -1.0 - reach
    t = reach / (2.0 * math.sqrt(2))
    assert 2000 * math.exp(-t * t / 2) <= 2.0**-40
    assert 2000 * math.exp(-((t / 1.004) ** 2) / 2) > 2.0**-40


def add_noise(deviation: int, *, full: bool) -> AddNoise:
    x = io.Share(path="x", bound=8.0, type=ArithType(("n", COUNT), 8)).result
    s = io.Constant(value=np.array(deviation, np.uint64), frac=8).result
    return AddNoise(operands=(x, s), full=full, draw=0)


@pytest.mark.parametrize(("full", "variance"), [(True, 2 * 5001**2), (False, 5001**2)])
def test_the_mpc_reference_has_the_variance_of_both_parts(full: bool, variance: int) -> None:
    op = add_noise(5000, full=full)
    x = np.full(COUNT, 2**64 - 7, np.uint64)
    (result,) = op.evaluate([x, np.array(5000, np.uint64)], Environment(2))
    noise = (result - x).view(np.int64).astype(float)
    assert abs(np.mean(noise)) < NEAR * math.sqrt(variance)
    assert abs(np.var(noise) / variance - 1) < math.sqrt(2) * NEAR + 1e-3
    assert abs(np.mean(noise % 2) - 0.5) < NEAR  # on the grid of the value, to the last place
    for quiet, env in ((5000, Environment(2, noise=False)), (0, Environment(2))):
        np.testing.assert_array_equal(op.evaluate([x, np.array(quiet, np.uint64)], env)[0], x)


def test_parts_are_never_less_than_what_is_asked_for() -> None:
    assert part_deviation(0, full=True) == part_deviation(0, full=False) == 0
    for deviation in (1, 1024, 99999, 2**53 + 5, 2**57 + 3):
        assert part_deviation(deviation, full=True) == deviation + 1
        joint = part_deviation(deviation, full=False)
        assert 2 * joint**2 >= (deviation + 1) ** 2 > 2 * (joint - 1) ** 2


def test_shares_and_deviation_have_one_grid() -> None:
    op = add_noise(5000, full=True)
    x, s = op.operands
    finer = linear.Widen(operands=(s,), bits=1).result
    for operands, message in (((x, finer), "same fractional bits"), ((s, s), "noise is added to shares")):
        with pytest.raises(VerifyError, match=message):
            AddNoise(operands=operands, full=True, draw=0)
