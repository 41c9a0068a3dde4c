"""The bounds of a round: what clients declare, and what follows from public values."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_programs import TensorProgram

from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound, Declared, ParameterBounds
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import DType
from ezprivsecfl.rounds import SMALLEST, magnitude_class, round_bounds

CAP = 2.0**20


def one_of_each() -> Program:
    b = TensorProgram("each")
    for value, path in (
        (b.clients("update/kernel", 2), "update/kernel"),
        (b.clients("update/bias"), "update/bias"),
        (b.clients("count", dtype=DType.I32), "count"),
    ):
        b.returns(b.add(Sum, value, axes=(0,)), path)
    b.clients("flag", dtype=DType.BOOL)
    b.server("state", 2)
    return b.build()


PROGRAM = one_of_each()
ROUND = {
    "update/kernel": [np.array([0.25, -0.125]), np.array([0.0, 0.0])],
    "update/bias": [np.float32(3.0), np.float32(0.5)],
    "count": [np.int32(20), np.int32(15)],
    "flag": [np.bool_(True), np.bool_(False)],
    "state": np.array([3.0, 5.0]),
}


def bounds_of(path: str, values: object, bounds: Mapping[str, Declared] | None = None, **options: object) -> Bound:
    """The bound of one parameter, for a round with other values of it."""
    chosen = Options(bounds=ParameterBounds.of(bounds or {}), **options)
    return round_bounds(PROGRAM, {**ROUND, path: values}, chosen)[path]


def test_every_parameter_and_leaf_has_its_own_bound():
    assert round_bounds(PROGRAM, ROUND, Options()) == {
        "update/kernel": Bound(0.5),
        "update/bias": Bound(16.0, 0.0),
        "count": Bound(256.0, 0.0),
        "flag": Bound(2.0, 0.0),
        "state": Bound(8.0, 2.0),
    }


def test_fixed_formats_take_the_bounds_alone():
    assert round_bounds(PROGRAM, ROUND, Options(scale="fixed")) == {
        "update/kernel": Bound(8.0),
        "update/bias": Bound(CAP, 0.0),
        "count": Bound(CAP, 0.0),
        "flag": Bound(2.0, 0.0),
        "state": Bound(8.0),
    }
    assert bounds_of("update/bias", [np.float32(-1)] * 2, scale="fixed") == Bound(CAP, 0.0)


@pytest.mark.parametrize(
    ("largest", "bound"),
    [
        (0.0, 0.5),
        (7.9, 8.0),
        (0.5, 8.0),
        (math.nextafter(0.5, 0), 0.5),
        (2.0**-5, 0.5),
        (math.nextafter(2.0**-5, 0), 2.0**-5),
        (5e-324, 2.0**-97),
    ],
)
def test_classes_have_a_strict_upper_end(largest, bound):
    assert magnitude_class(largest, 8.0) == bound


@given(st.floats(2.0**-90, 8, exclude_max=True), st.sampled_from([8.0, 100.0, 2.0**20]))
def test_a_class_is_the_smallest_that_holds_the_magnitude(largest, cap):
    bound = magnitude_class(largest, cap)
    assert bound / 16 <= largest < bound <= cap
    assert bound >= SMALLEST


def test_one_client_of_a_round_raises_its_class():
    kernel = [np.full(2, 1e-4, np.float32)] * 5
    assert bounds_of("update/kernel", kernel) == Bound(2.0**-13, 0.0)
    assert bounds_of("update/kernel", [*kernel, np.array([0, 0.4], np.float32)]) == Bound(0.5, 0.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 8.0, -9.0, 1e30])
def test_values_that_are_refused_do_not_count(bad):
    kernel = [np.full(2, 1e-4, np.float32)] * 5
    assert bounds_of("update/kernel", [*kernel, np.array([0, bad])]) == Bound(2.0**-13, 0.0)
    assert bounds_of("update/kernel", [np.full(2, bad)] * 2) == Bound(0.5, 0.0)


def test_zeros_and_empty_rounds_have_the_largest_class_of_at_most_one():
    assert bounds_of("update/kernel", [np.zeros(2)] * 3) == Bound(0.5, 0.0)
    assert bounds_of("update/kernel", []) == Bound(0.5, 0.0)
    assert bounds_of("update/bias", [np.float32(0)] * 3) == Bound(1.0, 0.0)


def test_zeros_of_the_server_leave_room_for_what_they_are_added_to():
    assert bounds_of("state", np.zeros(2)) == Bound(1.0)
    for declared, found in ((0.5, Bound(0.5)), ((-0.25, 4.0), Bound(1.0, -0.25)), ((2.0, 4.0), Bound(4.0, 2.0))):
        options = Options(bounds=ParameterBounds.of({"state": Bound.of(declared)}))
        assert round_bounds(PROGRAM, {**ROUND, "state": np.zeros(2)}, options)["state"] == found


def test_a_negative_entry_takes_the_sign_away():
    assert bounds_of("update/bias", [np.float32(1), np.float32(-1e-9)]) == Bound(16.0)
    assert bounds_of("count", [np.int32(-1), np.int32(1)]) == Bound(16.0)
    assert bounds_of("update/bias", [np.float32(-0.0), np.float32(1)]) == Bound(16.0, 0.0)


def test_what_the_user_declares_is_the_cap():
    declared = {"update": 100, "count": (0, 1000)}
    assert bounds_of("update/bias", [np.float32(50)] * 2, bounds=declared) == Bound(100.0, 0.0)
    assert bounds_of("update/bias", [np.float32(-50)] * 2, bounds=declared) == Bound(100.0)
    assert bounds_of("update/kernel", [np.array([1, 200.0])] * 2, bounds=declared) == Bound(6.25, 0.0)
    # An entry below a declared lowest value is refused: it must not change the format.
    assert bounds_of("count", [np.int32(-500), np.int32(3)], bounds=declared) == Bound(1000 / 256, 0.0)
    wide = {"update": (-2, 8)}
    assert bounds_of("update/bias", [np.float32(-1.5)] * 2, bounds=wide) == Bound(8.0, -2.0)
    assert bounds_of("update/bias", [np.float32(-0.25)] * 2, bounds=wide) == Bound(0.5)
    assert bounds_of("update/bias", [np.float32(3)] * 2, bounds={"update": (1, 8)}) == Bound(8.0, 1.0)
    assert bounds_of("update/bias", [np.float32(0)] * 2, bounds={"update": (1, 8)}) == Bound(8.0, 1.0)


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        ([1.3, 1.9], Bound(2.0, 1.0)),
        ([1.0, 2.0], Bound(4.0, 1.0)),
        ([0.0, 3e6], Bound(2.0**22, 0.0)),
        ([-0.3, 5.0], Bound(8.0, -0.5)),
        ([-0.25, 5.0], Bound(8.0, -0.5)),
        ([-5.0, 0.3], Bound(8.0)),
        ([-5.0, -3.0], Bound(8.0)),
        ([np.nan, 0.3], Bound(0.5, 0.25)),
        ([np.inf, np.nan], Bound(1.0)),
        ([1e-300, 1e-300], Bound(SMALLEST, 0.0)),
        ([1e300, 1.0], Bound(2.0**53, 1.0)),
    ],
)
def test_public_values_have_their_own_interval(value, bound):
    assert bounds_of("state", np.array(value)) == bound


def test_fixed_formats_hold_public_values_all_the_same():
    fixed = {"scale": "fixed", "bounds": {"state": (0, 16)}}
    assert bounds_of("state", np.array([0.0, 15.0]), **fixed) == Bound(16.0, 0.0)
    assert bounds_of("state", np.array([0.0, 16.0]), **fixed) == Bound(32.0, 0.0)
    assert bounds_of("state", np.array([-1.0, 15.0]), **fixed) == Bound(16.0, -2.0)
