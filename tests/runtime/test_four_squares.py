"""Every number is a sum of four squares, and they are found."""

from __future__ import annotations

import random

import pytest

from ezprivsecfl.runtime.four_squares import FEW, four_squares


def check(number: int) -> None:
    found = four_squares(number)
    assert len(found) == 4
    assert all(isinstance(x, int) and x >= 0 for x in found), found
    assert sum(x * x for x in found) == number, found


def test_all_small_numbers():
    assert FEW < 20_000  # so that both ways to find them are tried
    for number in range(20_000):
        check(number)


@pytest.mark.parametrize("bits", [14, 20, 31, 32, 33, 53, 62, 63, 64, 65, 80, 100, 124, 125])
def test_random_numbers(bits):
    rng = random.Random(bits)
    for _ in range(40):
        check(rng.getrandbits(bits))


@pytest.mark.parametrize("four", [0, 1, 2, 20, 55, 60])
def test_numbers_that_are_no_sum_of_three_squares(four):
    """Those are 4^k (8m + 7)."""
    for m in (0, 1, 2, 10, 511, 512, 12345):
        check(4**four * (8 * m + 7))


@pytest.mark.parametrize(
    "number",
    [
        *(2**124 - 1, 2**124, 2**124 + 1, 2**125 - 1, 2**125, 2**123),
        *(4**61 * 2, 4**61 * 3, 4**61 * 6, 4**61 * 14),  # few representations: all of them are even
        *((2**62 - 1) ** 2, (2**62) ** 2 - 1, 2**61 - 1, (2**61 - 1) ** 2),
        *(3215031751, 3825123056546413051, 318665857834031151167461),  # composite, but primes to many a base
        *(FEW - 1, FEW, FEW + 1, 4 * FEW, 4 * FEW - 1),
    ],
)
def test_special_numbers(number):
    check(number)


def test_squares_are_guessed_anew():
    """What a client's slack entries are does not follow from its values alone."""
    assert len({four_squares(2**80 + 3) for _ in range(20)}) > 10


@pytest.mark.parametrize("number", [-1, -4, -(2**80)])
def test_negative_numbers_are_none(number):
    with pytest.raises(ValueError, match="no sum of squares"):
        four_squares(number)
