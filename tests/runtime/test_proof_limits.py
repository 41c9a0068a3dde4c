"""What must hold of clients' values, and the slack that makes it equations."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from manifests import FRAC, manifest_with, shared_input

from ezprivsecfl.errors import InputError
from ezprivsecfl.runtime.manifest import Proof
from ezprivsecfl.runtime.proofs import Limits, row_length, squared_norm
from ezprivsecfl.runtime.sharing import checked

UNIT = 2**FRAC


def test_limits_are_in_units_of_the_last_place():
    entries = Limits.of(shared_input("x", 3, bound=8.0))
    assert entries == Limits("x", 3, Proof.ENTRIES, -8 * UNIT, 8 * UNIT, 3 * (8 * UNIT) ** 2, FRAC, None, None, None)
    assert Limits.of(shared_input("x", 3, lowest=0.5)).lowest == UNIT // 2
    assert Limits.of(shared_input("x", 3, lowest=-0.3)).lowest == -77  # what is not below is not rounded below that
    assert Limits.of(shared_input("x", 3, bound=0.3)).highest == 77  # 76.8: what is below is rounded up to that
    assert Limits.of(shared_input("x", 3, frac=0, bound=2.0**53)).highest == 2**53
    assert Limits.of(shared_input("x", 3, frac=-4, bound=256.0)).highest == 16
    norm = Limits.of(shared_input("x", 10, norm=0.7))
    assert norm.squares == math.floor(0.49 * UNIT**2)
    assert Limits.of(shared_input("x", 20, proof=Proof.BITS)) == Limits(
        "x", 20, Proof.BITS, 0, 1, 20, FRAC, None, None, None
    )
    one_hot = Limits.of(shared_input("x", 4, 5, proof=Proof.ONE_HOT))
    assert one_hot == Limits("x", 20, Proof.ONE_HOT, 0, 1, 4, FRAC, None, None, None, 5)


@pytest.mark.parametrize("entries", [9, 10, 12, 1000])
@pytest.mark.parametrize("bound", [8.0, 0.3, 1e-3, 2.0**-20])
def test_values_within_the_bound_are_within_the_norm_that_follows_from_it(entries, bound):
    """Though roots are rounded, and values that are next to the bound are rounded to it."""
    for frac in (8, 20, 36):
        manifest = manifest_with(shared_input("x", entries, frac=frac, bound=bound))
        checked(manifest, {"x": np.full(entries, np.nextafter(bound, 0))})
        checked(manifest, {"x": np.full(entries, -np.nextafter(bound, 0))})


@pytest.mark.parametrize("bound", [8.0, 0.3, 0.1, 1e-3, 2.0**-20])
@pytest.mark.parametrize("lowest", [None, 0.0, -0.001])
def test_values_within_the_bound_have_slack(bound, lowest):
    for frac in (0, 8, 20, 36):
        least = -np.nextafter(bound, 0) if lowest is None else max(lowest, -np.nextafter(bound, 0))
        manifest = manifest_with(shared_input("x", 3, frac=frac, bound=bound, lowest=lowest))
        checked(manifest, {"x": np.array([np.nextafter(bound, 0), least, 0.0])})


def sum_of_squares(entries: list[int]) -> int:
    return sum(y * y for y in entries)


def test_slack_of_a_norm_ends_at_the_bound():
    limits = Limits.of(shared_input("x", 10, norm=2.0))
    at = np.zeros(10, np.int64)
    at[3] = -2 * UNIT
    assert sum_of_squares(limits.slack(at)) == 0
    one = at.copy()
    one[3] += 1
    slack = limits.slack(one)
    assert (len(slack), sum_of_squares(slack)) == (4, (2 * UNIT) ** 2 - (2 * UNIT - 1) ** 2)
    at[7] = 1
    with pytest.raises(InputError, match=r"^'x' has an L2 norm 1 times as large .*--norm-bound x=") as info:
        limits.slack(at)
    assert "norm_bounds={'x': ...}" in str(info.value)
    with pytest.raises(InputError, match="has an L2 norm 3 times as large"):
        limits.slack(np.where(np.arange(10) == 0, 6 * UNIT, 0))


def test_slack_of_entries_ends_at_both_bounds():
    limits = Limits.of(shared_input("x", 2, lowest=-1.0))
    slack = limits.slack(np.array([8 * UNIT, -UNIT]))
    assert [sum_of_squares(slack[i : i + 4]) for i in range(0, 16, 4)] == [9 * UNIT, 0, 0, 9 * UNIT]
    for beyond in (8 * UNIT + 1, -UNIT - 1, 2**62, -(2**63)):
        with pytest.raises(InputError, match=r"'x' has an entry beyond what the program was compiled for"):
            limits.slack(np.array([0, beyond]))


@pytest.mark.parametrize("proof", [Proof.BITS, Proof.NONE])
def test_truth_values_are_0_and_1(proof):
    """Also as floats: none is rounded to either. Without proofs a client checks itself as well."""
    share_ = replace(shared_input("x", 3, frac=0, proof=Proof.BITS), proof=proof)
    for right in (np.array([0, 1, 1]), np.array([0.0, -0.0, 1.0]), np.array([True, False, True])):
        assert checked(manifest_with(share_), {"x": right}).tolist() == right.astype(int).tolist()
    for wrong in (2, -1, 2**32, 0.5, 1e-30, 1 + 2.0**-40, np.nan, np.inf):
        with pytest.raises(InputError, match=r"^'x' at \[1\] is .*, but its entries must be 0 or 1$"):
            checked(manifest_with(share_), {"x": np.array([0, wrong, 0])})


@pytest.mark.parametrize("proof", [Proof.ONE_HOT, Proof.NONE])
def test_one_hot_vectors_have_exactly_one_1_each(proof):
    share_ = replace(shared_input("x", 2, 3, frac=0, proof=Proof.ONE_HOT), proof=proof)
    assert checked(manifest_with(share_), {"x": np.array([[0, 0, 1], [1, 0, 0]])}).tolist() == [0, 0, 1, 1, 0, 0]
    for wrong, ones in (([0, 0, 0], 0), ([1, 0, 1], 2)):
        with pytest.raises(InputError, match=rf"^'x' at \[1\] has {ones} entries of 1 .* --binary"):
            checked(manifest_with(share_), {"x": np.array([[0, 1, 0], wrong])})
    with pytest.raises(InputError, match=r"^'x' at \[0, 0\] is 2, but its entries must be 0 or 1$"):
        checked(manifest_with(share_), {"x": np.array([[2, -1, 0], [1, 0, 0]])})


def test_without_a_proof_there_is_nothing_to_add():
    limits = Limits.of(shared_input("x", 3, proof=Proof.NONE))
    assert limits.slack(np.array([0, 10 * 8 * UNIT, 0])) == []


@pytest.mark.parametrize("count", [0, 1, 9, 1000, (1 << 18) + 3])
def test_squared_norms_are_exact(count):
    rng = np.random.default_rng(count)
    extreme = np.array([-(2**63), 2**63 - 1, -1, 0, 1, 2**62, -(2**62), 2**42 - 1, 2**21, -(2**21) - 1])
    for values in (rng.integers(-(2**63), 2**63, count), rng.choice(extreme, count)):
        assert squared_norm(values) == sum(int(x) ** 2 for x in values)
    assert squared_norm(np.full(count, -(2**63))) == count * 2**126


def test_rows_are_half_as_long_as_there_are_many():
    lengths = {n: row_length(n) for n in (1, 9, 1024, 1025, 4096, 4097, 10_000, 10**6, 10**8, 2**31)}
    assert list(lengths.values()) == [16, 16, 16, 32, 32, 64, 64, 512, 4096, 4096]
    for entries, row in lengths.items():
        assert row & (row - 1) == 0
        assert row == 16 or row == 4096 or 1 <= math.ceil(entries / row) / row <= 4.1
