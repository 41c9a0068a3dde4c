"""Order statistics in circuits, against numpy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ezprivsecfl.ir.circuits.builder import Circuit, CircuitBuilder
from ezprivsecfl.ir.circuits.evaluate import evaluate, from_bits, to_bits
from ezprivsecfl.ir.circuits.ranks import at_least, select, sum_of_ranks


def circuit(entries: int, width: int, first: int, last: int) -> Circuit:
    b = CircuitBuilder()
    b.output(sum_of_ranks(b, [b.input(width) for _ in range(entries)], first, last))
    return b.build()


def rows(entries: int, width: int) -> np.ndarray:
    """Ordinary ones, ties, and the ends of the range."""
    rng = np.random.default_rng(entries)
    most = 2 ** (width - 1)
    return np.concatenate(
        [
            rng.integers(-most, most, (100, entries)),
            rng.integers(-2, 2, (100, entries)),
            rng.choice([-most, most - 1], (50, entries)),
            np.full((1, entries), -most),
            np.full((1, entries), most - 1),
        ]
    )


def check(entries: int, width: int, first: int, last: int) -> None:
    x = rows(entries, width)
    found = evaluate(circuit(entries, width, first, last), [to_bits(column, width) for column in x.T])[0]
    assert from_bits(found, signed=True) == np.sort(x, axis=1)[:, first:last].sum(axis=1).tolist()


@pytest.mark.parametrize("entries", [1, 2, 3, 4, 5])
def test_all_ranges_of_ranks(entries: int) -> None:
    for first, last in itertools.combinations(range(entries + 1), 2):
        check(entries, 5, first, last)


@pytest.mark.parametrize(
    ("entries", "first", "last"),
    [(30, 14, 16), (30, 14, 15), (31, 15, 16), (30, 3, 27), (31, 10, 21), (30, 0, 1), (30, 29, 30), (33, 0, 30)],
)
def test_medians_and_trimmed_sums(entries: int, first: int, last: int) -> None:
    check(entries, 9, first, last)


def test_which_entries_are_equal_and_larger() -> None:
    x = rows(7, 4) % 16
    b = CircuitBuilder()
    found = select(b, [b.input(4) for _ in range(7)], 2)
    for wires in (found.word, found.equal, found.larger):
        b.output(wires)
    word, equal, larger = evaluate(b.build(), [to_bits(column, 4) for column in x.T])
    third = np.sort(x, axis=1)[:, 2:3]
    assert from_bits(word) == third[:, 0].tolist()
    np.testing.assert_array_equal(equal, x == third)
    np.testing.assert_array_equal(larger, x > third)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9])
def test_at_least(count: int) -> None:
    x = np.array(list(itertools.product([0, 1], repeat=count)))
    for least in range(1, count + 1):
        b = CircuitBuilder()
        b.output((at_least(b, [b.input(1)[0] for _ in range(count)], least),))
        (found,) = evaluate(b.build(), [to_bits(column, 1) for column in x.T])
        np.testing.assert_array_equal(found[:, 0], x.sum(axis=1) >= least)


def test_what_they_cost() -> None:
    """Per bit and entry one first operand of its own, and one for counting for each rank that is found."""
    median, middle = circuit(31, 20, 15, 16), circuit(30, 20, 14, 16)
    trimmed = circuit(30, 20, 3, 27)
    assert median.factors <= 2 * 31 * 20
    assert middle.factors <= 3 * 30 * 20
    assert trimmed.factors <= 4.2 * 30 * 20  # and the sum of what is left
    assert trimmed.depth < 200  # both ends at the same time
