"""What clients share of vectors of which only the direction counts: never longer than 1, and hardly shorter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ezprivsecfl.ir.images import (
    SHORTER,
    Image,
    Shared,
    as_shared,
    most_fractional_bits,
    normalised,
    tolerance,
)
from ezprivsecfl.ir.mpc.fixed_point import encode

SIZES = (1, 2, 3, 100, 3372, 1_000_000)


def length(parts: list[np.ndarray], frac: int) -> float:
    """As a proof has it: of what is rounded to fractional bits."""
    units = [encode(part, frac).view(np.int64).astype(np.float64) for part in parts]
    return math.sqrt(sum(float(np.sum(u * u)) for u in units)) * 2.0**-frac


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1e-30, 1.0, 1e30, 1e308])
def test_rounded_vectors_are_as_long_as_clients_prove(size: int, scale: float):
    rng = np.random.default_rng(size)
    for frac in (most_fractional_bits(size), 24):
        for vector in (rng.normal(0, 0.1, size), np.full(size, 0.1), np.eye(1, size)[0], -(rng.random(size) ** 20)):
            scaled = np.trunc(vector * 100) * scale if scale < 1e-300 else vector * scale
            if not scaled.any():
                continue
            (unit,) = normalised([scaled], frac)
            assert 1 - tolerance(size, frac) <= length([unit], frac) <= 1
            np.testing.assert_array_equal(np.sign(unit), np.sign(scaled))


def test_parts_keep_their_proportions():
    parts = [np.array([[3e20, 0.0], [0.0, -4e20]]), np.array([12e20]), np.zeros(2)]
    unit = normalised(parts, 30)
    assert [p.shape for p in unit] == [(2, 2), (1,), (2,)]
    for part, expected in zip(unit, parts, strict=True):
        np.testing.assert_allclose(part, expected / 13e20, rtol=SHORTER)
    assert length(unit, 30) <= 1


def test_zero_stays_and_says_so():
    for part in normalised([np.zeros((2, 3)), np.zeros(0)], 20):
        assert not part.any()


@pytest.mark.parametrize("size", SIZES)
def test_shares_of_80_bits_hide_vectors_of_so_many_fractional_bits(size: int):
    """All entries' magnitudes add up to at most √size; one part in 2^40, and room for what the proof adds."""
    assert 2.0 ** most_fractional_bits(size) * math.sqrt(size) <= 2.0**38


def test_vectors_of_one_name_are_normalised_together_and_others_stay():
    rng = np.random.default_rng(0)
    inputs = {path: rng.normal(0, 5, (3, 4)) for path in ("a", "b", "c", "d")}
    images = [Shared(path, vector, Image.DIRECTION) for path, vector in (("a", "a"), ("b", "a"), ("c", "c"))]
    shared = as_shared(inputs, [*images, Shared("d", None, None)], {})
    np.testing.assert_array_equal(shared["d"], inputs["d"])
    lengths = {path: np.linalg.norm(shared[path], axis=1) for path in inputs}
    np.testing.assert_allclose(np.hypot(lengths["a"], lengths["b"]), 1, rtol=SHORTER)
    np.testing.assert_allclose(lengths["c"], 1, rtol=SHORTER)
    ratio = np.linalg.norm(inputs["a"], axis=1) / np.linalg.norm(inputs["b"], axis=1)
    np.testing.assert_allclose(lengths["a"] / lengths["b"], ratio)
